package spam

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"

	"mavis/engine/mail"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// rspamdAnswer is what /checkv2 gives (rspamd's protocol documentation); only what is used here.
type rspamdAnswer struct {
	Skipped  bool     `json:"is_skipped"`
	Score    *float64 `json:"score"`
	Required float64  `json:"required_score"`
	Action   string   `json:"action"`
	Symbols  map[string]struct {
		Name  string  `json:"name"`
		Score float64 `json:"score"`
	} `json:"symbols"`
}

// rspamdClient asks an rspamd over HTTP. Options of the entry: url, timeout in seconds (60), mail_body_size_limit,
// score_factor, mta_name, credentials {username, password}, ssl_opts {verify_hostname}. Tests stand in the order of their
// names; the original leaves it to chance.
func (s *Scanner) rspamdClient(ctx context.Context, p *rules.Policy, entry rules.SpamScanner, m *Mail, r *Result) error {
	limit := int64(-1)
	if v, ok := entry.Options.Get("mail_body_size_limit"); ok && v != nil {
		limit = min(32<<10, m.HeaderSize) + min(max(0, eval.ToInt(v)), m.Body.Size()-m.HeaderSize)
		if m.size() < limit+5<<10 {
			limit = -1
		}
	}
	timeout := 60.0
	if v, ok := entry.Options.Get("timeout"); ok && v != nil {
		timeout = eval.ToFloat(v)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(timeout*float64(time.Second)))
	defer cancel()
	a, err := s.askRspamd(ctx, entry, m, limit)
	if err != nil {
		return err
	}
	score, required := factor(entry, *a.Score), factor(entry, a.Required)
	var tests []string
	for _, sym := range a.Symbols {
		tests = append(tests, noCommas.Replace(sym.Name)+"="+plain(sym.Score))
	}
	sort.Strings(tests)
	skipped := ""
	if a.Skipped {
		skipped = "skipped/"
	}
	s.Log.printf(2, "%s rspamd %sscore %.2f/%.2f (%s) %s", entry.Name, skipped, score, required, a.Action, strings.Join(tests, ","))
	r.Info["SCORE-"+entry.Name] = plain(score)
	r.Info["VERDICT-"+entry.Name] = rspamdVerdict(a.Action)
	r.add(everyone(r), score, strings.Join(tests, ","))
	return nil
}

var noCommas = strings.NewReplacer("=", "_", ",", "_", "\r", "_", "\n", "_")

func rspamdVerdict(action string) string {
	switch action {
	case "no action":
		return "Ham"
	case "add header", "reject", "rewrite subject", "discard", "quarantine":
		return "Spam"
	}
	return "Unknown"
}

func everyone(r *Result) []int {
	all := make([]int, len(r.Shares))
	for i := range all {
		all[i] = i
	}
	return all
}

// served says whether credentials for a host:port may go to a server; "" is any.
func served(u *url.URL, netloc string) bool {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return netloc == "" || strings.EqualFold(netloc, net.JoinHostPort(u.Hostname(), port))
}

func (s *Scanner) askRspamd(ctx context.Context, entry rules.SpamScanner, m *Mail, limit int64) (*rspamdAnswer, error) {
	c, err := newContent("", "", m, -1)
	if err != nil {
		return nil, err
	}
	if limit >= 0 {
		c.mail = min(c.mail, limit)
	}
	target := entry.Options.Str("url")
	if target == "" {
		target = "http://127.0.0.1:11333/checkv2"
	}
	body := io.LimitReader(c.reader(), c.mail)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = c.mail
	req.Header.Set("Content-Type", "application/octet-stream")
	set := func(name, value string) {
		if value != "" {
			req.Header.Add(name, noBreaks.Replace(value))
		}
	}
	set("Helo", m.Client.XHelo)
	set("Hostname", m.Client.XName)
	set("IP", m.ClientIP)
	set("MTA-Name", entry.Options.Str("mta_name"))
	set("From", mail.Bracket(m.Sender))
	set("Queue-Id", m.Client.XIdent)
	for _, rcpt := range m.Rcpts {
		set("Rcpt", mail.Bracket(rcpt.Internal))
	}
	if v, ok := entry.Options.Get("credentials"); ok {
		if h, ok := v.(*eval.Hash); ok && served(req.URL, eval.ToString(h.Get("netloc"))) {
			req.SetBasicAuth(eval.ToString(h.Get("username")), eval.ToString(h.Get("password")))
		}
	}
	t := &http.Transport{DisableKeepAlives: true, Proxy: nil}
	if v, ok := entry.Options.Get("ssl_opts"); ok {
		if h, ok := v.(*eval.Hash); ok && !eval.ToBool(h.Get("verify_hostname")) {
			t.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // asked for in the configuration
		}
	}
	defer t.CloseIdleConnections()
	resp, err := (&http.Client{Transport: t}).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode/100 != 2:
		return nil, fmt.Errorf("rspamd answers %s: %.200q", resp.Status, b)
	case len(b) > maxAnswer:
		return nil, fmt.Errorf("rspamd's answer has more than %d bytes", maxAnswer)
	}
	s.Log.printf(5, "rspamd answers: %.2000q", b)
	a := &rspamdAnswer{}
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(a); err != nil {
		return nil, fmt.Errorf("rspamd's answer: %w", err)
	}
	if a.Score == nil {
		return nil, fmt.Errorf("rspamd answers without a score: %.200q", b)
	}
	return a, nil
}
