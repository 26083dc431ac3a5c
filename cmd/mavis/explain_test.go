package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mavis/compat/daemon"
	"mavis/compat/explain"
	"mavis/engine/flow"
	"mavis/engine/mail"
	"mavis/rules/load"
	"mavis/testdata/peer"
	"mavis/testdata/seed"
)

// What explain says of a mail must be what a running daemon does with it: the same samples go through both, under several
// configurations.
func TestExplainSaysWhatTheDaemonDoes(t *testing.T) {
	for _, c := range []struct{ name, more string }{
		{"the seed's", ""},
		{"rejecting", `$final_virus_destiny = D_REJECT; $final_banned_destiny = D_BOUNCE; $final_bad_header_destiny = D_BOUNCE; @viruses_that_fake_sender_maps = ();`},
		{"loving", `%virus_lovers = ('bob@domain.be' => 1); @banned_files_lovers_maps = (['.domain.be']); $recipient_delimiter = '+'; $defang_virus = $defang_banned = 0;`},
		{"with banks", `@mynetworks = ('192.0.2.0/24'); $policy_bank{'MYNETS'} = { final_banned_destiny => D_PASS, bypass_header_checks_maps => [1], banned_admin_maps => [] };`},
		{"held elsewhere", `$virus_quarantine_to = 'viruses@domain.be'; $banned_quarantine_to = undef; $warnbannedrecip = 1; $virus_admin = undef;`},
		{"not unpacked", `$bypass_decode_parts = 1; $clean_quarantine_method = 'local:clean-%m';`},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "amavisd.conf")
			text := strings.TrimSuffix(strings.TrimSpace(string(seed.Config)), "1;") + c.more + "\n1;\n"
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			r, err := (&tryCommand{Config: []string{file}}).start(streams{io.Discard, io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			defer r.close(false, io.Discard)
			var done *flow.Task
			cfg, _, err := daemon.Load(daemon.Source{Files: []string{file}, Host: load.LintHost{}, TrustWritable: true})
			if err != nil {
				t.Fatal(err)
			}
			bench, err := explain.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer bench.Close()
			for _, m := range seed.Mails() {
				got, err := r.send(m)
				if err != nil {
					t.Fatal(err)
				}
				done = got.t
				a, err := bench.Run(context.Background(), explain.Case{From: m.From, To: []string{m.To}, ClientIP: "192.0.2.25", Mail: m.Data})
				if err != nil {
					t.Fatal(err)
				}
				if want, have := daemonSays(done, got), explainSays(a); want != have {
					t.Errorf("%s:\ndaemon  %s\nexplain %s", m.Name, want, have)
				}
				if want, have := reasons(done.Steps.Steps), reasons(a.Steps); want != have {
					t.Errorf("%s: steps of the daemon\n%s\nsteps of explain\n%s", m.Name, want, have)
				}
			}
		})
	}
}

func daemonSays(t *flow.Task, got row) string {
	r := t.Rcpts[0]
	category := r.Cats.Main()
	if r.Blocking != nil {
		category = *r.Blocking
	}
	sendTo := ""
	if got.delivered > 0 {
		if sendTo = r.SendTo; sendTo == "" {
			sendTo = r.Internal
		}
	}
	return fmt.Sprintf("%s %s banks %q held for %q to <%s> reply %s, %d notices, %d held", category, r.Destiny, t.Policy.Path(), r.HeldFor, sendTo,
		got.reply[:9], got.notices, len(t.QuarantinedTo))
}

func explainSays(a *explain.Answer) string {
	r := a.Rcpts[0]
	notices := 0
	for _, s := range a.Sent {
		if s.What != "mail" {
			notices++
		}
	}
	return fmt.Sprintf("%s %s banks %q held for %q to <%s> reply %s, %d notices, %d held", r.Category, r.Destiny, a.Banks, r.HeldFor, r.SendTo,
		a.Reply[:9], notices, len(a.Held))
}

// reasons are the steps without what differs from run to run.
func reasons(steps []mail.Step) string {
	var b strings.Builder
	for _, s := range steps {
		switch s.Stage {
		case mail.StageAccess, mail.StageReply, mail.StageHeader:
			continue
		}
		if what, _, cut := strings.Cut(s.What, " is held at "); cut {
			s.What = what
		}
		fmt.Fprintln(&b, s.Stage, stepText(s))
	}
	return b.String()
}

// Every file of the corpus that loads can be shown and explained, and every other one is refused with a reason.
func TestCorpusIsShownAndExplained(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(peer.Shared(t, "corpus"), "amavis", "*.conf"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	shown, explained, compared := 0, 0, 0
	for i, f := range files {
		if testing.Short() && i%10 != 0 {
			continue
		}
		for _, args := range [][]string{{"show", "-n"}, {"explain", "--to", "bob@example.com", "--virus", "Eicar", "--spam-score", "7"}} {
			var out, errs bytes.Buffer
			switch status := run(append(args, "--stub-missing", f), streams{&out, &errs}); {
			case status == 0 && (out.Len() > 0 || args[0] == "show"): // a file of defaults only shows nothing
				if args[0] == "explain" {
					explained++
				} else {
					shown++
				}
			case status == 2 && errs.Len() > 0 && out.Len() == 0:
			default:
				t.Errorf("%v %s: status %d, %d bytes of output, %s", args, filepath.Base(f), status, out.Len(), errs.String())
			}
		}
	}
	for i := 0; i < len(files); i += 12 {
		var out, errs bytes.Buffer
		switch status := run([]string{"diff", "--cases", "40", "--stub-missing", files[i], files[(i+5)%len(files)]}, streams{&out, &errs}); {
		case status < 2 && errs.Len() == 0 && strings.Contains(out.String(), "outcomes: of "):
			compared++
		case status == 2 && errs.Len() > 0:
		default:
			t.Errorf("diff of %s: status %d, %s", filepath.Base(files[i]), status, errs.String())
		}
	}
	t.Logf("of %d files: shown %d times, explained %d, pairs compared %d", len(files), shown, explained, compared)
	if !testing.Short() && (compared == 0 || shown < len(files)*4/5 || explained < len(files)/2) {
		t.Errorf("of %d files only %d were shown and %d explained", len(files), shown, explained)
	}
}

// Without files all commands take those of this host: Debian's own ones, where amavisd-new is installed.
func TestHostsOwnConfiguration(t *testing.T) {
	peer.Need(t, "amavisd")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"show", "-n"}, "$QUARANTINEDIR = "},
		{[]string{"show", "-n"}, "/etc/amavis/conf.d/"},
		{[]string{"show", "--dump"}, "==> /usr/share/amavis/conf.d/20-package <==\n    1  "},
		{[]string{"show", "--recipient", "bob@example.com"}, "%final_destiny_maps_by_ccat{CC_VIRUS}"},
		{[]string{"explain", "--to", "bob@example.com", "--virus", "Eicar"}, "bypass_virus_checks_maps"},
		{[]string{"explain", "--to", "bob@example.com", "--json"}, `"setting": "$forward_method"`},
	} {
		var out, errs bytes.Buffer
		if status := run(c.args, streams{&out, &errs}); status != 0 || errs.Len() > 0 || !strings.Contains(out.String(), c.want) {
			t.Errorf("%v: status %d, %s%s", c.args, status, out.String(), errs.String())
		}
	}
	var out, errs bytes.Buffer
	if status := run([]string{"diff", "--cases", "50", "/usr/share/amavis/conf.d,/etc/amavis/conf.d"}, streams{&out, &errs}); status != 0 {
		t.Errorf("the host's configuration differs from itself: %d %s%s", status, out.String(), errs.String())
	}
}
