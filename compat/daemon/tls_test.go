package daemon

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	netsmtp "net/smtp"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"mavis/compat/logline"
)

// certificate writes a certificate for 127.0.0.1 and its key, and gives their paths.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, data []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret)
}

// tlsHop is a next hop that takes mail over TLS only.
type tlsHop struct {
	conn *smtp.Conn
	got  *atomic.Int32
}

func (h *tlsHop) Reset()        {}
func (h *tlsHop) Logout() error { return nil }
func (h *tlsHop) Mail(string, *smtp.MailOptions) error {
	if _, ok := h.conn.TLSConnectionState(); !ok {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "TLS first"}
	}
	return nil
}
func (h *tlsHop) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (h *tlsHop) Data(r io.Reader) error {
	h.got.Add(1)
	_, err := io.Copy(io.Discard, r)
	return err
}

// TestTLS runs both sides of the daemon over TLS, and shows that nothing goes in the clear where TLS is demanded.
func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	var got atomic.Int32
	secureHop := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &tlsHop{c, &got}, nil }))
	secureHop.Domain, secureHop.TLSConfig = "hop.test", &tls.Config{Certificates: []tls.Certificate{pair}}
	clearHop := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &tlsHop{c, &got}, nil }))
	clearHop.Domain = "hop.test"
	for _, c := range []struct {
		name, settings string
		hop            *smtp.Server
		clientTLS      bool
		want           string // begin of the last reply; "" is success
	}{
		{"both ways", "$tls_security_level_in = 'encrypt'; $tls_security_level_out = 'encrypt'; $smtp_tls_client_options{SSL_ca_file} = '" + cert + "';", secureHop, true, ""},
		{"no TLS by the client", "$tls_security_level_in = 'encrypt'; $tls_security_level_out = 'encrypt'; $smtp_tls_client_options{SSL_ca_file} = '" + cert + "';", secureHop, false, "530"},
		{"may", "$tls_security_level_in = 'may'; $tls_security_level_out = 'may'; $smtp_tls_client_options{SSL_verify_mode} = 0;", secureHop, false, ""},
		{"authority not known", "$tls_security_level_out = 'encrypt';", secureHop, false, "451"},
		{"hop without TLS", "$tls_security_level_out = 'encrypt';", clearHop, false, "451"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go c.hop.Serve(l) // ends with the listener
			before := got.Load()
			err = sendThrough(t, c.settings+fmt.Sprintf("$smtpd_tls_cert_file = '%s'; $smtpd_tls_key_file = '%s'; $forward_method = 'smtp:%s';",
				cert, key, strings.Replace(l.Addr().String(), "127.0.0.1", "[127.0.0.1]", 1)), c.clientTLS)
			if c.want == "" && (err != nil || got.Load() != before+1) {
				t.Errorf("%v, %d mails arrived", err, got.Load()-before)
			}
			if c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want) || got.Load() != before) {
				t.Errorf("got %v and %d mails, want %s", err, got.Load()-before, c.want)
			}
		})
	}
}

// sendThrough sends a mail through a daemon with these settings.
func sendThrough(t *testing.T, settings string, secure bool) error {
	t.Helper()
	base := t.TempDir()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	file := filepath.Join(base, "amavisd.conf")
	text := fmt.Sprintf("use strict;\n$inet_socket_port = %s;\n@bypass_spam_checks_maps = @bypass_virus_checks_maps = (1);\n$TEMPBASE = $QUARANTINEDIR = '%s';\n"+
		"$myhostname = 'mx.example.com';\n%s\n1;\n", addr[strings.LastIndexByte(addr, ':')+1:], base, settings)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, bag, err := Load(Source{Files: []string{file}, TrustWritable: true})
	if err != nil {
		t.Fatalf("%v: %v", err, bag.All)
	}
	log, err := logline.Open(logline.Config{File: filepath.Join(base, "log"), Hostname: "mx.example.com", Program: "amavisd", PID: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	d, err := New(Options{Config: cfg, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := d.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	if err := d.Listen(cfg.Listeners); err != nil {
		t.Fatal(err)
	}
	c, err := netsmtp.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if secure {
		if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true}); err != nil { // only the way is looked at
			t.Fatal(err)
		}
	}
	for _, step := range []func() error{func() error { return c.Mail("a@b.test") }, func() error { return c.Rcpt("c@example.com") }} {
		if err := step(); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, "From: a@b.test\r\nSubject: x\r\nDate: Mon, 20 Feb 2006 10:00:00 +0100\r\n\r\ntext\r\n"); err != nil {
		t.Fatal(err)
	}
	return w.Close()
}

// What cannot be had must be told at start.
func TestTLSRefused(t *testing.T) {
	cert, _ := certificate(t)
	for _, text := range []string{"$tls_security_level_in = 'may';", "$policy_bank{'X'} = { tls_security_level_in => 'encrypt' };",
		"$tls_security_level_in = 'may'; $smtpd_tls_cert_file = '/nowhere'; $smtpd_tls_key_file = '/nowhere';",
		"$tls_security_level_in = 'may'; $smtpd_tls_cert_file = '" + cert + "';",
		"$tls_security_level_out = 'may'; $smtp_tls_client_options{SSL_ca_file} = '/nowhere';",
		"$tls_security_level_out = 'may'; $smtp_tls_client_options{SSL_cipher_list} = 'HIGH';"} {
		told := false
		for _, d := range loadText(t, text).All {
			told = told || d.Code == CodeTLS && !d.Span.IsZero()
		}
		if !told {
			t.Errorf("%s: not refused", text)
		}
	}
}
