package av

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mavis/engine/deliver"
	"mavis/rules"
)

// scanningMTA accepts mail at the end of data, or refuses it when it holds a word.
func scanningMTA(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				fmt.Fprint(c, "220 mta\r\n")
				r := bufio.NewReader(c)
				data, bad := false, false
				for {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					verb := strings.ToUpper(strings.Fields(line + " x")[0])
					switch {
					case data && line == ".\r\n" && bad:
						data = false
						fmt.Fprint(c, "554 5.7.1 FOUND: Eicar\r\n")
					case data && line == ".\r\n":
						data = false
						fmt.Fprint(c, "250 2.0.0 Ok\r\n")
					case data:
						bad = bad || strings.Contains(line, "virus")
					case verb == "DATA":
						data = true
						fmt.Fprint(c, "354 go on\r\n")
					case verb == "QUIT":
						fmt.Fprint(c, "221 bye\r\n")
						return
					default:
						fmt.Fprint(c, "250 Ok\r\n")
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

func TestByMail(t *testing.T) {
	host, port, _ := strings.Cut(scanningMTA(t), ":")
	client := deliver.New(deliver.Options{})
	defer client.Close()
	for _, form := range []string{`\&ask_daemon`, `\&ask_av_smtp`} {
		for _, c := range []struct {
			name, body, socket string
			infected, fails    bool
		}{
			{"clean", "hello\r\n", "smtp:[" + host + "]:" + port, false, false},
			{"infected", "a virus\r\n", "smtp:[" + host + "]:" + port, true, false},
			{"nobody there", "hello\r\n", "smtp:[127.0.0.1]:1", false, true},
		} {
			t.Run(form+" "+c.name, func(t *testing.T) {
				p := configured(t, `@av_scanners = (['av_smtp', `+form+`, ['{}', '`+c.socket+`', 'dummy@localhost'],
					qr/^2/, qr/^5/, qr/FOUND:\s*(.*?)\s*$/m ]);`)
				s := of(p)
				s.Mail = func(ctx context.Context, method, to string) (string, error) {
					if to != "dummy@localhost" {
						t.Errorf("to %q", to)
					}
					body := "Subject: x\r\n\r\n" + c.body
					res, err := client.Deliver(ctx, []string{method}, &deliver.Outgoing{Sender: "a@example.org", Rcpts: []deliver.Rcpt{{Addr: to}},
						Body: bytes.NewReader([]byte(body)), BodySize: int64(len(body))})
					if err != nil {
						return "", err
					}
					if res.Outcomes[0].Own {
						return "", errors.New(res.Outcomes[0].Answer)
					}
					return res.Outcomes[0].Answer, nil
				}
				v, err := scan(t, s, job(t))
				if c.fails != (err != nil) || err == nil && v.Infected != c.infected {
					t.Fatalf("%+v, %v", v, err)
				}
				if c.infected && cmp.Diff([]string{"Eicar"}, v.Names) != "" {
					t.Errorf("%q", v.Names)
				}
			})
		}
	}
	p := configured(t, `@av_scanners = (['av_smtp', \&ask_daemon, ['{}', 'smtp:[127.0.0.1]:1'], qr/^2/, qr/^5/]);`)
	if v, err := scan(t, of(p), job(t)); !errors.Is(err, ErrNone) {
		t.Errorf("without a way to send: %+v, %v", v, err)
	}
}

// Names that are only worth a score make a spam report; one among them that is not makes it an infection.
func TestSpamScores(t *testing.T) {
	spam := func(name string) (string, bool) {
		score, ok := map[string]string{"Phish.A": "0.1", "Phish.B": "2.5"}[name]
		return score, ok
	}
	for _, c := range []struct {
		answer   string
		infected bool
		report   string
		score    float64
	}{
		{"p1: Phish.A FOUND\np2: Phish.B FOUND\np3: Phish.A FOUND\n", false, "AV:Phish.A=0.1,AV:Phish.B=2.5", 2.5},
		{"p1: Phish.A FOUND\np2: Worm FOUND\n", true, "", 0},
		{"p1: Infected Archive FOUND\n", true, "", 0},
	} {
		e := clamd(t, daemon(t, func(string) string { return c.answer }))
		v, err := scan(t, &Scanner{Primary: append([]rules.Scanner{e}, shell("exit 0")), Spam: spam, FirstInfectedStops: true}, job(t))
		if err != nil || v.Infected != c.infected {
			t.Fatalf("%+v, %v", v, err)
		}
		if c.infected {
			if len(v.Spam) > 0 || len(v.Answered) != 1 {
				t.Errorf("%+v", v)
			}
			continue
		}
		if len(v.Spam) != 1 || v.Spam[0].Report() != c.report || v.Spam[0].Score != c.score || len(v.Answered) != 2 {
			t.Errorf("%+v", v)
		}
	}
}

// The configuration's own subs are run as they stand.
func TestConfiguredCode(t *testing.T) {
	p := configured(t, `@av_scanners = (['null', sub {}, ["{}"], undef, undef, qr/no such/m ],
 ['sh', 'sh', '/dev/null', [0], qr/^/m, sub { my($out) = @_; return ("Name", undef, "Name", lc "OTHER") }, sub { 1 }]);
@av_scanners_backup = (['always-clean', sub {0}]);`)
	v, err := scan(t, of(p), job(t))
	if err != nil || !v.Infected || cmp.Diff([]string{"Name", "other"}, v.Names) != "" {
		t.Errorf("%+v, %v", v, err)
	}
	s := of(p)
	s.Primary = s.Primary[:1]
	if v, err = scan(t, s, job(t)); err != nil || v.Infected || cmp.Diff([]string{"always-clean"}, v.Answered) != "" {
		t.Errorf("%+v, %v", v, err)
	}
}
