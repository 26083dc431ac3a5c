package deliver_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"mavis/engine/deliver"
	"mavis/engine/ingress"
	"mavis/engine/spool"
)

// secure is a keeper that demands STARTTLS.
type secure struct {
	relay
	conf *tls.Config
	tls  []bool
}

func (s *secure) Connect(context.Context, *ingress.Session) (ingress.Settings, bool) {
	return ingress.Settings{TLS: s.conf, TLSRequired: s.conf != nil}, true
}

func (s *secure) Mail(_ context.Context, t *ingress.Transaction) *ingress.Reply {
	s.mu.Lock()
	s.tls = append(s.tls, t.Client.TLS && t.Client.Protocol == "ESMTPS")
	s.mu.Unlock()
	return nil
}

func TestSTARTTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	trusting := func() *tls.Config { return &tls.Config{RootCAs: roots} }
	keeper := &secure{conf: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}}
	_, port := start(t, keeper, spool.Options{})
	clear := &secure{}
	_, clearPort := start(t, clear, spool.Options{})
	for _, c := range []struct {
		name string
		opt  deliver.Options
		want deliver.Security
		port int
		code int
	}{
		{"trusted", deliver.Options{TLS: trusting}, deliver.IfOffered, port, 250},
		{"not trusted", deliver.Options{}, deliver.IfOffered, port, 451},
		{"none", deliver.Options{}, deliver.Clear, port, 530},
		{"not offered", deliver.Options{TLS: trusting}, deliver.IfOffered, clearPort, 250},
		{"not offered, but required", deliver.Options{TLS: trusting}, deliver.Encrypted, clearPort, 451},
	} {
		client := deliver.New(c.opt)
		m := &deliver.Outgoing{Security: c.want, Sender: "a@b", Rcpts: []deliver.Rcpt{{Addr: "c@d"}}, Header: []byte("Subject: x\r\n\r\n" + strings.Repeat("text\r\n", 20000))}
		for range 2 { // the second time on the connection kept
			res, err := client.Deliver(context.Background(), []string{fmt.Sprintf("smtp:[127.0.0.1]:%d", c.port)}, m)
			if err != nil || res.Outcomes[0].Code != c.code {
				t.Errorf("%s: %+v %v", c.name, res, err)
			}
		}
		client.Close()
	}
	if keeper.count != 2 || len(keeper.tls) != 2 || !keeper.tls[0] {
		t.Errorf("%d mails over TLS, %v", keeper.count, keeper.tls)
	}
}
