package spam

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mavis/engine/mail"
	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/rules"
	"mavis/rules/load"
	"mavis/testdata/peer"
)

var update = flag.Bool("update", false, "record golden files anew from the original")

// policy is the built-in bank of a configuration.
func policy(t testing.TB, text string) *rules.Policy {
	t.Helper()
	name := filepath.Join(t.TempDir(), "amavisd.conf")
	if err := os.WriteFile(name, []byte(text+";\n1;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := load.Files(load.Options{StubMissing: true}, name)
	if err != nil {
		t.Fatal(err)
	}
	bag := &diag.Bag{}
	c := rules.Bind(res.Vars, bag)
	c.Misuse = func(m string) { t.Error(m) }
	return c.Base()
}

func recipients(p *rules.Policy, addrs ...string) []*mail.Recipient {
	var out []*mail.Recipient
	for _, a := range addrs {
		r := &mail.Recipient{Rcpt: mail.Rcpt{Addr: a}, Internal: a, Query: p.Query(a)}
		if strings.Contains(a, "+done@") {
			r.Done = mail.Settled
		}
		out = append(out, r)
	}
	return out
}

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

type listsCase struct {
	Name, Config   string
	Senders, Rcpts []string
	SQL            map[string]map[string][]*string
}

type listsGolden struct {
	Name     string
	Any, All int
	Log      []string
	Rcpts    []struct {
		Addr, Tests  string
		Level        *string
		White, Black int
	}
}

// TestListsAsOriginal compares with what the original made of the same configurations (testdata/lists.pl).
func TestListsAsOriginal(t *testing.T) {
	if *update {
		peer.Need(t, "amavisd")
		out, err := exec.Command(peer.Need(t, "perl"), "testdata/lists.pl", "testdata/lists.json").Output()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/lists.golden.json", out, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var cases []listsCase
	var golden []listsGolden
	readJSON(t, "lists.json", &cases)
	readJSON(t, "lists.golden.json", &golden)
	if len(cases) != len(golden) {
		t.Fatalf("%d cases, %d recorded", len(cases), len(golden))
	}
	for i, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			p := policy(t, c.Config)
			want := golden[i]
			var log []string
			l := Lists{Policy: p, Log: func(level int, format string, args ...any) {
				line := fmt.Sprintf("%d "+format, append([]any{level}, args...)...)
				if level < 5 && level >= 0 {
					log = append(log, line)
				}
			}}
			if c.SQL != nil {
				l.SQL = func(r *mail.Recipient, sender string) ([]Entry, error) {
					n := 0
					for _, rows := range c.SQL[r.Internal] {
						n = max(n, len(rows))
					}
					out := make([]Entry, n)
					rows := c.SQL[r.Internal][sender]
					for i := range out {
						out[i] = Entry{User: fmt.Sprint(i), Null: i >= len(rows) || rows[i] == nil}
						if !out[i].Null {
							out[i].WB = *rows[i]
						}
					}
					return out, nil
				}
			}
			rcpts := recipients(p, c.Rcpts...)
			got, err := l.Check(c.Senders, rcpts)
			if err != nil {
				t.Fatal(err)
			}
			if got.Any != (want.Any == 1) || got.All != (want.All == 1) {
				t.Errorf("got %+v, want any %d all %d", got, want.Any, want.All)
			}
			if !reflect.DeepEqual(log, want.Log) {
				t.Errorf("log\n%s\nwant\n%s", strings.Join(log, "\n"), strings.Join(want.Log, "\n"))
			}
			for j, w := range want.Rcpts {
				r := rcpts[j]
				level := ""
				if w.Level != nil {
					level = *w.Level
				}
				have := ""
				if r.SpamScored {
					have = eval.ToString(r.SpamLevel)
				}
				if have != level || r.Whitelisted != (w.White == 1) || r.Blacklisted != (w.Black == 1) || strings.Join(r.SpamTests, ",") != w.Tests {
					t.Errorf("%s: level %q white %v black %v tests %q, want %+v level %q", w.Addr, have, r.Whitelisted, r.Blacklisted, r.SpamTests, w, level)
				}
			}
		})
	}
}

func TestListsKeepEarlierScores(t *testing.T) {
	p := policy(t, `@score_sender_maps = ({ '.' => [{ 'a@x.test' => 1.5 }] })`)
	rcpts := recipients(p, "bob@example.com")
	rcpts[0].Trace = &mail.Trace{}
	rcpts[0].SpamLevel, rcpts[0].SpamScored, rcpts[0].SpamTests = 2, true, []string{"AV:Phish=2"}
	l := Lists{Policy: p}
	if _, err := l.Check([]string{"a@x.test"}, rcpts); err != nil {
		t.Fatal(err)
	}
	if r := rcpts[0]; r.SpamLevel != 3.5 || strings.Join(r.SpamTests, ",") != "AM.WBL=1.5,AV:Phish=2" || len(r.Trace.Steps) != 1 {
		t.Errorf("level %v tests %q trace %v", r.SpamLevel, r.SpamTests, r.Trace)
	}
}

func TestListsUndecided(t *testing.T) {
	p := policy(t, `@score_sender_maps = (sub { die "gone" })`)
	l := Lists{Policy: p}
	if _, err := l.Check([]string{"a@x.test"}, recipients(p, "bob@example.com")); err == nil {
		t.Error("a table that fails must be an error")
	}
	l = Lists{Policy: policy(t, ""), SQL: func(*mail.Recipient, string) ([]Entry, error) { return nil, errors.New("gone") }}
	if _, err := l.Check([]string{"a@x.test"}, recipients(l.Policy, "bob@example.com")); err == nil || !bytes.Contains([]byte(err.Error()), []byte("bob@example.com")) {
		t.Errorf("a database that fails: %v", err)
	}
}

func TestListsLDAP(t *testing.T) {
	p := policy(t, `$enable_ldap = 1`)
	l := Lists{Policy: p, LDAP: func(_ *mail.Recipient, attribute string) ([]string, error) {
		return map[string][]string{"amavisBlacklistSender": {"<>"}, "amavisWhitelistSender": {".X.test"}}[attribute], nil
	}}
	for sender, want := range map[string][2]bool{"": {false, true}, "a@sub.x.test": {true, false}, "a@y.test": {}} {
		rcpts := recipients(p, "bob@example.com")
		if _, err := l.Check([]string{sender}, rcpts); err != nil {
			t.Fatal(err)
		}
		if rcpts[0].Whitelisted != want[0] || rcpts[0].Blacklisted != want[1] {
			t.Errorf("%q: white %v black %v", sender, rcpts[0].Whitelisted, rcpts[0].Blacklisted)
		}
	}
}
