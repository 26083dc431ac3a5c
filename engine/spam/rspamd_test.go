package spam

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRspamd(t *testing.T) {
	var sent *http.Request
	var body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		sent, body = r, string(b)
		io.WriteString(w, `{"is_skipped":false,"score":7.5,"required_score":15.0,"action":"add header","symbols":{
			"MISSING_TO":{"name":"MISSING_TO","score":2.0,"metric_score":2.0},"A,B=C":{"name":"A,B=C","score":-0.1}},"messages":{}}`)
	}))
	defer srv.Close()
	p := policy(t, "@spam_scanners = (['R', 'Amavis::SpamControl::RspamdClient', url => '"+srv.URL+"/checkv2', score_factor => 0.4, mta_name => 'mx.test',"+
		"credentials => { netloc => '"+strings.TrimPrefix(srv.URL, "http://")+"', username => 'u', password => 'p' }])")
	m := hello(p)
	m.ClientIP, m.Client.XHelo, m.Client.XName = "192.0.2.7", "helo.test", "name.test"
	r, err := (&Scanner{}).Scan(t.Context(), p, m)
	if err != nil {
		t.Fatal(err)
	}
	if sh := r.Shares[1]; sh.Score != 3 || strings.Join(sh.Tests, ",") != "A_B_C=-0.1,MISSING_TO=2" || r.Info["VERDICT-R"] != "Spam" || r.Info["SCORE-R"] != "3" {
		t.Errorf("%+v %v", sh, r.Info)
	}
	h := sent.Header
	user, pass, _ := sent.BasicAuth()
	if sent.Method != "POST" || body != "Subject: x\n\nhello\n" || h.Get("IP") != "192.0.2.7" || h.Get("Helo") != "helo.test" || h.Get("Hostname") != "name.test" ||
		h.Get("MTA-Name") != "mx.test" || h.Get("From") != "<a@x.test>" || strings.Join(h["Rcpt"], " ") != "<bob@example.com> <joe@example.com>" || user+pass != "up" {
		t.Errorf("%q\n%v", body, h)
	}
}

func TestRspamdFails(t *testing.T) {
	for name, answer := range map[string]string{"no json": "hello", "empty": "", "no score": `{"action":"no action"}`, "list": "[]", "text score": `{"score":"x"}`} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) }))
		p := policy(t, "@spam_scanners = (['R', 'Amavis::SpamControl::RspamdClient', url => '"+srv.URL+"'])")
		if r, err := (&Scanner{}).Scan(t.Context(), p, hello(p)); err == nil || r.Shares[0].Scored {
			t.Errorf("%s: %v", name, err)
		}
		srv.Close()
	}
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	p := policy(t, "@spam_scanners = (['R', 'Amavis::SpamControl::RspamdClient', url => '"+srv.URL+"'])")
	if _, err := (&Scanner{}).Scan(t.Context(), p, hello(p)); err == nil || errors.Is(err, ErrUnsupported) {
		t.Errorf("%v", err)
	}
}
