package spam

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"mavis/perlconf/eval"
	"mavis/rules"
)

// defaultSpamd are the places where the original looks for a spamd that somebody else runs.
var defaultSpamd = []string{"127.0.0.1:783", "[::1]:783"}

// addresses are where the spamd of an entry listens. The original knows only its two places; options of ours name others:
// socket (a path, several in a list, host:port as well), or host and port.
func addresses(entry rules.SpamScanner) []string {
	if v, ok := entry.Options.Get("socket"); ok {
		if a, list := v.(*eval.Array); list {
			var out []string
			for _, e := range a.Values() {
				out = append(out, eval.ToString(e))
			}
			return out
		}
		return []string{eval.ToString(v)}
	}
	host, port := entry.Options.Str("host"), entry.Options.Str("port")
	if host == "" && port == "" {
		return defaultSpamd
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if port == "" {
		port = "783"
	}
	return []string{net.JoinHostPort(strings.Trim(host, "[]"), port)}
}

var spamLine = regexp.MustCompile(`(\S+) ; (\S+) / (\S+)`)

// spamdClient asks a spamd that runs already. Its answer has no scores of single tests, and one decimal.
func (s *Scanner) spamdClient(ctx context.Context, p *rules.Policy, entry rules.SpamScanner, m *Mail, r *Result) error {
	limit := sizeLimit(p, entry, m)
	c := newWireContent(pseudoHeader(p, m, r, limit, avDotTest), m, limit)
	list := addresses(entry)
	a, err := ask(ctx, func(ctx context.Context) (net.Conn, error) {
		var failed []error
		for _, addr := range list {
			network := "tcp"
			if strings.HasPrefix(addr, "/") {
				network = "unix"
			}
			var d net.Dialer
			conn, err := d.DialContext(ctx, network, addr)
			if err == nil {
				return conn, nil
			}
			failed = append(failed, err)
		}
		return nil, errors.Join(failed...)
	}, "SYMBOLS", c)
	if err != nil {
		return err
	}
	f := spamLine.FindStringSubmatch(a.header["spam"])
	if f == nil {
		return fmt.Errorf("spamd answers without a score: %q", a.header["spam"])
	}
	score, err := finite(f[2])
	if err != nil {
		return err
	}
	score = factor(entry, score)
	tests := strings.TrimRight(string(a.body), "\r\n")
	s.Log.printf(2, "%s spamd score=%s, tests=%s", entry.Name, plain(score), tests)
	r.Info["SCORE-"+entry.Name] = plain(score)
	verdict := "Unknown"
	switch {
	case strings.HasPrefix(f[1], "True"):
		verdict = "Spam"
	case strings.HasPrefix(f[1], "False"):
		verdict = "Ham"
	}
	r.Info["VERDICT-"+entry.Name] = verdict
	r.add(everyone(r), score, tests)
	return nil
}
