package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"mavis/engine/deliver"
	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// CodeTLS marks settings for TLS that cannot be used.
const CodeTLS = "D920"

// serverTLS makes the TLS settings for listeners from %smtpd_tls_server_options; the old $smtpd_tls_cert_file and
// $smtpd_tls_key_file stand in for members that are not there. nil means that no certificate is configured.
func serverTLS(cfg *rules.Config) (*tls.Config, error) {
	set := cfg.GlobalMap("smtpd_tls_server_options")
	file := func(member, old string) string {
		if v, ok := set.Get(member); ok {
			return eval.ToString(v)
		}
		return eval.ToString(cfg.Global('$', old))
	}
	cert, key := file("SSL_cert_file", "smtpd_tls_cert_file"), file("SSL_key_file", "smtpd_tls_key_file")
	if cert == "" && key == "" {
		return nil, nil
	}
	for _, k := range set.Keys() {
		switch k {
		case "SSL_cert_file", "SSL_key_file", "SSL_session_cache", "SSL_session_cache_size", "SSL_verifycn_scheme": // sessions are resumed by tickets
		default:
			return nil, fmt.Errorf("the member %s of %%smtpd_tls_server_options is not supported by this version", k)
		}
	}
	if cert == "" || key == "" {
		return nil, errors.New("TLS on input needs SSL_cert_file and SSL_key_file in %smtpd_tls_server_options")
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("certificate for TLS on input: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}, nil
}

// clientTLS makes the TLS settings towards next hops from %smtp_tls_client_options.
func clientTLS(cfg *rules.Config) (*tls.Config, error) {
	set := cfg.GlobalMap("smtp_tls_client_options")
	if len(cfg.GlobalMap("smtp_tls_client_verifycn_name_maps").Keys()) > 0 {
		return nil, errors.New("%smtp_tls_client_verifycn_name_maps is not supported by this version")
	}
	conf := &tls.Config{}
	str := set.Str
	for _, k := range set.Keys() {
		switch k {
		case "SSL_verifycn_scheme", "SSL_session_cache", "SSL_cert_file", "SSL_key_file":
		case "SSL_hostname", "SSL_verifycn_name":
			conf.ServerName = str(k)
		case "SSL_verify_mode":
			v, _ := set.Get(k)
			conf.InsecureSkipVerify = eval.ToInt(v) == 0 // said in so many words
		case "SSL_ca_file", "SSL_ca_path":
			if conf.RootCAs == nil {
				conf.RootCAs = x509.NewCertPool()
			}
			if err := addRoots(conf.RootCAs, str(k)); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("the member %s of %%smtp_tls_client_options is not supported by this version", k)
		}
	}
	if cert, key := str("SSL_cert_file"), str("SSL_key_file"); cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("certificate for TLS on output: %w", err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}

// addRoots adds the certificates of a file, or of the files of a folder.
func addRoots(pool *x509.CertPool, path string) error {
	files := []string{path}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*")); err != nil {
			return err
		}
	}
	added := false
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return fmt.Errorf("certificates of authorities: %w", err)
		}
		added = pool.AppendCertsFromPEM(text) || added
	}
	if !added {
		return fmt.Errorf("no certificate of an authority in %s", path)
	}
	return nil
}

// checkTLS reports TLS that a policy bank asks for and that cannot be had.
func checkTLS(cfg *rules.Config, p *rules.Policy, told map[string]bool, bag *diag.Bag) {
	for _, way := range []struct {
		member string
		make   func(*rules.Config) (*tls.Config, error)
	}{{"tls_security_level_in", serverTLS}, {"tls_security_level_out", clientTLS}} {
		if !tlsWanted(p.Str(way.member)) || told[way.member] {
			continue
		}
		conf, err := way.make(cfg)
		if err == nil && conf == nil {
			err = errors.New("TLS on input needs SSL_cert_file and SSL_key_file in %smtpd_tls_server_options")
		}
		if err != nil {
			told[way.member] = true
			bag.Add(diag.Diagnostic{Code: CodeTLS, Severity: diag.Error, Span: p.Origin(way.member), Message: err.Error(),
				Help: "set $" + way.member + " to undef, or mend it"})
		}
	}
}

func tlsWanted(level string) bool { return deliver.SecurityLevel(level) != deliver.Clear }

// tlsSettings are those of the configuration in force; checkTLS has found them usable.
type tlsSettings struct {
	server sync.Map // *rules.Config to *tls.Config
	client atomic.Pointer[tls.Config]
}

// use reads the client's side of a configuration. What cannot be read leaves the strictest settings: nobody asked for TLS,
// or checkTLS would have refused.
func (s *tlsSettings) use(cfg *rules.Config) {
	conf, err := clientTLS(cfg)
	if err != nil {
		conf = &tls.Config{}
	}
	s.client.Store(conf)
}

// forServer gives the server's side; nil offers no TLS.
func (s *tlsSettings) forServer(cfg *rules.Config) *tls.Config {
	if c, ok := s.server.Load(cfg); ok {
		return c.(*tls.Config)
	}
	conf, err := serverTLS(cfg)
	if err != nil {
		return nil
	}
	s.server.Store(cfg, conf)
	return conf
}
