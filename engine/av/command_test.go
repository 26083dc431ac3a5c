package av

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/rules"
	"mavis/rules/load"
	"mavis/testdata/peer"
)

// configured loads entries as a site writes them.
func configured(t *testing.T, text string) *rules.Policy {
	t.Helper()
	name := filepath.Join(t.TempDir(), "amavisd.conf")
	if err := os.WriteFile(name, []byte(text+"\n1;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := load.Files(load.Options{StubMissing: true}, name)
	if err != nil {
		t.Fatal(err)
	}
	return rules.Bind(res.Vars, &diag.Bag{}).Base()
}

// of sets up a scanner as the engine does.
func of(p *rules.Policy) *Scanner {
	return &Scanner{Primary: p.AVScanners(), Backup: p.AVScannersBackup(), Path: []string{"/bin", "/usr/bin"}, Run: p.Run,
		Var: func(name string) (string, bool) {
			v := p.Config().Global('$', name)
			return eval.ToString(v), v != nil
		}}
}

// A program gets the arguments that the original gives it: words are cut at blanks whatever quotes say, only the first
// element of a list counts, and a string of 4000 bytes is enough for one call.
func TestArguments(t *testing.T) {
	dir := t.TempDir()
	tool := filepath.Join(dir, "tool")
	script := "#!/bin/sh\n{ pwd; for a; do printf '%s\\n' \"$a\"; done; echo; } >> " + dir + "/calls\nexit 0\n"
	if err := os.WriteFile(tool, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	many := make([]string, 300)
	for i := range many {
		many[i] = fmt.Sprintf("p%03d", i+1)
	}
	for _, c := range []struct {
		name, entry string
		files       []string
		want        []string // of each call: folder and arguments; P is the folder of parts
	}{
		{"folder", `'-r {}'`, many[:2], []string{"P -r P"}},
		{"quotes", `"{} -ss -i '*' -log=/x/vbuster.log"`, many[:2], []string{"P P -ss -i '*' -log=/x/vbuster.log"}},
		{"part of a word", `'-path={} {}/sub x{}'`, many[:2], []string{"P -path={} P/sub x{}"}},
		{"full names", `'-s {}/*'`, many[:2], []string{"P -s P/p001 P/p002"}},
		{"base names twice", `"* --\t*"`, many[:2], []string{"P p001 p002 -- p001 p002"}},
		{"a list", `['-a {}', '-b']`, many[:1], []string{"P -a P"}},
		{"chdir before", `'{}', [0], [1], undef, sub { chdir('` + dir + `') or die "no: $!" }, sub { chdir($TEMPBASE) or die "back $TEMPBASE $!" }`,
			many[:1], []string{"D P"}},
		{"chdir to a variable", `'{}', [0], [1], undef, sub {chdir $MYHOME}`, many[:1], []string{"D P"}},
		{"no arguments", `undef`, many[:1], []string{"P"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			os.Remove(dir + "/calls")
			entry := c.entry
			if !strings.Contains(entry, "[0]") {
				entry += ", [0], [1]"
			}
			p := configured(t, `$MYHOME = '`+dir+`'; @av_scanners = (['tool', ['/nowhere/tool', '`+tool+`'], `+entry+`]);`)
			folder := t.TempDir()
			if _, err := scan(t, of(p), Job{folder, c.files}); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(dir + "/calls")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for call := range strings.SplitSeq(strings.TrimSuffix(string(b), "\n\n"), "\n\n") {
				line := strings.Join(strings.Split(call, "\n"), " ")
				line = strings.ReplaceAll(strings.ReplaceAll(line, folder, "P"), dir, "D")
				got = append(got, line)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
	t.Run("chdir to nowhere", func(t *testing.T) {
		p := configured(t, `@av_scanners = (['tool', '`+tool+`', '{}', [0], [1], undef, sub {chdir('/no/such/folder') or die "Can't: $!"}]);`)
		if v, err := scan(t, of(p), job(t)); !errors.Is(err, ErrNone) {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

// TestChunks compares how many files go into each call with the original.
func TestChunks(t *testing.T) {
	perl := peer.Need(t, "perl")
	if _, err := os.Stat("/usr/share/perl5/Amavis/AV.pm"); err != nil {
		peer.Missing(t, "the original is not installed")
	}
	base := t.TempDir()
	folder := filepath.Join(base, "parts")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	tool := filepath.Join(base, "tool")
	if err := os.WriteFile(tool, []byte("#!/bin/sh\necho $# >> "+base+"/calls\nexit 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	var files []string
	for i := range 700 {
		files = append(files, fmt.Sprintf("p%03d", i+1))
	}
	const program = `use Amavis::Boot; use Amavis::Conf; use Amavis::AV; my($base,$tool,$args)=@ARGV;
%Amavis::Conf::current_policy_bank=(child_timeout=>60); Amavis::Util::switch_to_my_time('x'); $ENV{PATH}='/bin:/usr/bin';
my @f=map(sprintf('p%03d',$_),1..700); Amavis::AV::run_av(\@f,{},$base,'tool',$tool,$args,[0],[1]);`
	for _, args := range []string{"-s {}/*", "* {}/*", "-x {} -y *", "*", "-a"} {
		os.Remove(base + "/calls")
		if out, err := exec.Command(perl, "-e", program, base, tool, args).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		want, _ := os.ReadFile(base + "/calls")
		os.Remove(base + "/calls")
		e := rules.Scanner{Name: "tool", Programs: []string{tool}, Args: args, Clean: rules.Outcome{Status: []int{0}}}
		if _, err := scan(t, &Scanner{Primary: []rules.Scanner{e}}, Job{folder, files}); err != nil {
			t.Fatal(err)
		}
		got, _ := os.ReadFile(base + "/calls")
		if string(got) != string(want) || len(got) == 0 {
			t.Errorf("%q: arguments of each call %q, the original's %q", args, got, want)
		}
	}
}

// The stock list as Debian ships it: every entry is one that can be run.
func TestStockList(t *testing.T) {
	stock, err := os.ReadFile("/etc/amavis/conf.d/15-av_scanners")
	if err != nil {
		peer.Missing(t, "the original's configuration is not installed")
	}
	p := configured(t, string(stock))
	if len(p.AVScanners()) < 20 || len(p.AVScannersBackup()) < 5 {
		t.Fatalf("%d and %d entries", len(p.AVScanners()), len(p.AVScannersBackup()))
	}
	for _, f := range append(Check(p.AVScanners(), nil, "primary"), Check(p.AVScannersBackup(), nil, "secondary")...) {
		if f.Level < 0 {
			t.Errorf("%s", f.Text)
		}
	}
	for _, e := range p.AVScanners() {
		if e.Pre != nil {
			if dir, err := of(p).workFolder(&e, job(t)); err != nil || dir != "/opt/AVP" {
				t.Errorf("%s: %q, %v", e.Name, dir, err)
			}
			if _, ok := chdirOnly(e.Post); !ok {
				t.Errorf("%s: code after it is not recognised", e.Name)
			}
		}
	}
}

// Entries that can never answer are told at start with their place, and fail for every mail.
func TestCheck(t *testing.T) {
	p := configured(t, `@av_scanners = (
 ['Mail::ClamAV', \&ask_clamav, "*", [0], [1], qr/^INFECTED: (.+)/m],
 ['Sophos SAVI', \&ask_daemon, ['{}/*','savi-perl:'], [0], [1], qr/(.*) FOUND/m],
 ['nobody knows', \&ask_daemon, ['{}','gopher:/x'], [0], [1]],
 ['no socket', \&ask_daemon, ['{}'], [0], [1]],
 ['bad port', \&ask_daemon, ['{}', '127.0.0.1:99999'], [0], [1]],
 ['plain', \&ask_daemon, ["CONTSCAN {}\n", '/run/x'], qr/OK/, qr/FOUND/],
 ['prog', 'no-such-program', '{}', [0], [1]],
 ['sh', 'sh', '{}', [0], [1]],
 ['mail', \&ask_daemon, ['{}', 'smtp:[127.0.0.1]:5525', 'dummy@localhost'], qr/^2/, qr/^5/, qr/FOUND:\s*(.*?)\s*$/m ],
);`)
	want := []string{"-1 Mail::ClamAV:2", "-1 SAVI:3", "-1 gopher:4", "-1 socket:5", "-1 port:6", "0 Using primary internal av scanner code for plain",
		"0 No primary av scanner: prog", "0 Found primary av scanner sh at /bin/sh", "0 Using primary internal av scanner code for mail"}
	got := Check(p.AVScanners(), []string{"/bin"}, "primary")
	if len(got) != len(want) {
		t.Fatalf("%d findings", len(got))
	}
	for i, f := range got {
		if f.Level == 0 {
			if "0 "+f.Text != want[i] {
				t.Errorf("%q, want %q", f.Text, want[i])
			}
			continue
		}
		word, line, _ := strings.Cut(strings.TrimPrefix(want[i], "-1 "), ":")
		if i == 0 {
			word, line = "Mail::ClamAV", "2"
		}
		if !strings.Contains(f.Text, word) || !strings.Contains(f.Text, "amavisd.conf:"+line+":") {
			t.Errorf("%d: %q, want %s", i, f.Text, want[i])
		}
	}
	s := of(p)
	s.Primary = s.Primary[:5]
	if _, err := scan(t, s, job(t)); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
}
