package syntax

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/testdata/peer"
)

// compiler compiles each text in a package of its own, without running it.
const compiler = `
use strict; no warnings; $SIG{__WARN__} = sub {};
use JSON::PP;
sub C::D_PASS() { 1 } sub C::D_BOUNCE() { -3 } sub C::CC_VIRUS() { 9 } sub C::CC_BADH() { 2 } sub C::D_DISCARD() { 0 } sub C::D_REJECT() { -2 }
sub C::CC_SPAM() { 5 } sub C::CC_CLEAN() { 1 } sub C::CC_CATCHALL() { 0 } sub C::CC_BANNED() { 8 } sub C::CC_UNCHECKED() { 7 } sub C::CC_SPAMMY() { 4 }
sub C::CC_OVERSIZED() { 3 } sub C::CC_MTA() { 2 } sub C::D_TEMPFAIL() { 1 }
sub C::new_RE { 1 } sub C::read_hash { 1 } sub C::ask_daemon { 1 } sub C::c { 1 } sub C::dkim_key { 1 }
sub C::ask_clamav { 1 } sub C::read_array { 1 } sub C::read_l10n_templates { 1 } sub C::include_config_files { 1 }
local $/; my $in = decode_json(<STDIN>);
my @out; my $n = 0;
for my $t (@$in) {
  $n++;
  utf8::encode($t);
  my $p = "P$n";
  { no strict 'refs'; *{"${p}::$_"} = \&{"C::$_"} for grep { defined &{"C::$_"} } keys %C::; }
  local $SIG{ALRM} = sub { die "timeout\n" };
  my $r = do { no strict; eval "package $p; no strict; return 'COMPILED';\n#line 1 \"T$n\"\n$t" };
  push @out, defined $r && $r eq 'COMPILED' ? { ok => 1, text => '' } : { ok => 0, text => "$@" };
}
print encode_json(\@out);
`

func compileWithPerl(t testing.TB, texts []string) []perlAnswer {
	t.Helper()
	perl := peer.Need(t, "perl")
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(perl, "-e", compiler)
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("perl: %v", err)
	}
	var got []perlAnswer
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("perl: %v: %.200s", err, out)
	}
	return got
}

func expressionCases(t testing.TB) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "expressions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n---\n")
	return append(strings.Split(parts[0], "\n"), parts[1:]...)
}

func parseMain(text string) *diag.Bag {
	bag := &diag.Bag{}
	Parse(source.New("t", []byte(text)), Options{Protos: amavisWords()}, bag)
	return bag
}

// TestMutations damages every expression a little and asks perl whether it still compiles. The two must agree on nearly
// all; what perl finds out only by knowing its operators' arguments may differ.
func TestMutations(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	marks := "()[]{}$@%&*;,.=+-<>/?:!|'\" x1\\~^"
	var texts []string
	for _, c := range expressionCases(t) {
		if strings.Contains(c, "use ") || strings.Contains(c, "BEGIN") || strings.Contains(c, "package") {
			continue
		}
		for range 2 {
			i := r.IntN(len(c))
			m := marks[r.IntN(len(marks))]
			switch r.IntN(3) {
			case 0:
				texts = append(texts, c[:i]+c[i+1:])
			case 1:
				texts = append(texts, c[:i]+string(m)+c[i:])
			case 2:
				texts = append(texts, c[:i]+string(m)+c[i+1:])
			}
		}
	}
	got := compileWithPerl(t, texts)
	wrong := 0
	for i, c := range texts {
		bag := parseMain(c)
		if bag.HasErrors() == (got[i].OK == 0) {
			continue
		}
		wrong++
		if testing.Verbose() {
			if got[i].OK == 1 {
				t.Logf("REFUSED %q: %v", c, bag.All[0])
			} else {
				t.Logf("ACCEPTED %q: %s", c, strings.TrimSpace(got[i].Text))
			}
		}
	}
	t.Logf("%d of %d differ", wrong, len(texts))
	if wrong > len(texts)/50 {
		t.Errorf("%d of %d differ from perl", wrong, len(texts))
	}
}

// TestDamagedConfigs takes single characters out of real configurations, as editors and web pages do. Both must agree on
// whether the rest is Perl, and the first error must mostly be in the same line.
func TestDamagedConfigs(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(peer.Shared(t, "corpus"), "*", "*.conf"))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	var texts []string
	strict := strings.NewReplacer("use strict;", "1;", "__END__", "")
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil || len(raw) > 6000 || strings.Contains(f, "clamd") {
			continue
		}
		text := strict.Replace(string(raw))
		if strings.Contains(text, "BEGIN") || parseMain(text).HasErrors() {
			continue
		}
		var places []int
		comment := false
		for i := range len(text) {
			switch c := text[i]; {
			case c == '\n':
				comment = false
			case c == '#' && (i == 0 || isSpace(text[i-1])):
				comment = true
			case !comment && strings.IndexByte("'\";,()[]{}\\$@=>", c) >= 0:
				places = append(places, i)
			}
		}
		for range min(len(places), 8) {
			i := places[r.IntN(len(places))]
			texts = append(texts, text[:i]+text[i+1:])
		}
	}
	got := compileWithPerl(t, texts)
	differ, lines, refused := 0, 0, 0
	for i, c := range texts {
		bag := parseMain(c)
		if bag.HasErrors() != (got[i].OK == 0) {
			differ++
			if testing.Verbose() {
				if got[i].OK == 1 {
					t.Logf("REFUSED %v\n    %s", bag.All[0], source.New("", []byte(c)).Line(bag.All[0].Span.Pos().Line))
				} else {
					t.Logf("ACCEPTED %s", strings.TrimSpace(got[i].Text))
				}
			}
			continue
		}
		if got[i].OK == 1 {
			continue
		}
		refused++
		want := firstLine(got[i].Text)
		if have := bag.All[0].Span.Pos().Line; have != want {
			lines++
			if testing.Verbose() {
				t.Logf("LINE perl %d, here %d: %v\n    %s", want, have, bag.All[0], strings.SplitN(got[i].Text, "\n", 2)[0])
			}
		}
	}
	t.Logf("%d texts: %d differ in acceptance; %d refused, %d of them at another line", len(texts), differ, refused, lines)
	if d := os.Getenv("KEEP_TEXTS"); d != "" {
		for i, c := range texts {
			os.WriteFile(filepath.Join(d, strconv.Itoa(i+1)), []byte(c), 0o644)
		}
	}
	if differ > len(texts)/50 {
		t.Errorf("%d of %d differ from perl", differ, len(texts))
	}
}

// firstLine is the line of the first error in perl's message.
func firstLine(msg string) int {
	n := 0
	if i := strings.Index(msg, " line "); i >= 0 {
		for _, c := range []byte(msg[i+6:]) {
			if !isDigit(c) {
				break
			}
			n = n*10 + int(c-'0')
		}
	}
	return n
}
