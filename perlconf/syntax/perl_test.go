package syntax

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mavis/testdata/peer"
)

// deparser compiles each text without running it and tells what perl makes of it, or the error.
const deparser = `
use strict; use warnings; no warnings;
use JSON::PP; use B::Deparse;
my $d = B::Deparse->new('-p', '-si0');
sub Amavis::Conf::D_PASS() { 1 } sub Amavis::Conf::D_BOUNCE() { -3 } sub Amavis::Conf::CC_VIRUS() { 9 } sub Amavis::Conf::CC_BADH() { 2 }
sub Amavis::Conf::D_DISCARD() { 0 } sub Amavis::Conf::D_REJECT() { -2 } sub Amavis::Conf::CC_SPAM() { 5 }
sub Amavis::Conf::new_RE { 1 } sub Amavis::Conf::read_hash { 1 } sub Amavis::Conf::ask_daemon { 1 }
local $/; my $in = decode_json(<STDIN>);
my @out; my $n = 0;
for my $t (@$in) {
  $n++;
  utf8::encode($t);
  my $c = do { no strict; eval "package Amavis::Conf; no strict; sub {\n#line 1 \"T$n\"\n$t\n}" };
  push @out, $c ? { ok => 1, text => scalar(eval { $d->coderef2text($c) } // "deparse failed: $@") } : { ok => 0, text => "$@" };
}
print encode_json(\@out);
`

type perlAnswer struct {
	OK   int    `json:"ok"`
	Text string `json:"text"`
}

// askPerl compiles texts with perl.
func askPerl(t testing.TB, texts []string) []perlAnswer {
	t.Helper()
	perl := peer.Need(t, "perl")
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(perl, "-e", deparser)
	cmd.Env = append(os.Environ(), "PERL_HASH_SEED=0")
	cmd.Stdin = strings.NewReader(string(in))
	cmd.Stderr = nil
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

var (
	spaces   = strings.NewReplacer(" ", "", "\n", "", "\t", "", ";}", "}")
	simple   = regexp.MustCompile(`([@%$&#])\{(\$+\w+)\}`)
	doArrow  = regexp.MustCompile(`do\{([^{}]*(?:\{[^{}]*\})*)\}->`)
	lastIdx  = regexp.MustCompile(`(\$+\w+)->\$#\*`)
	callBlok = regexp.MustCompile(`&\{(\$[^;]*?)\}\(`)
	strParen = regexp.MustCompile(`\(("(?:[^"\\]|\\.)*")\)`)
	handle   = regexp.MustCompile(`(print\()\{(\$\w+)\}`)
	callParn = regexp.MustCompile(`&(\$+\w+)\(`)
)

// normal takes out of B::Deparse's text what is only a matter of style.
func normal(s string) string {
	s = spaces.Replace(s)
	for i := 0; i < 5; i++ {
		s = strings.ReplaceAll(s, ";}", "}")
		s = simple.ReplaceAllString(s, "$1$2")
		s = doArrow.ReplaceAllString(s, "$1->")
		s = lastIdx.ReplaceAllString(s, "$#$1")
		s = callBlok.ReplaceAllString(s, "$1->(")
		s = strings.ReplaceAll(strParen.ReplaceAllString(s, "$1"), "(-1)", "-1")
		s = handle.ReplaceAllString(s, "$1$2")
		s = callParn.ReplaceAllString(s, "$1->(")
	}
	return s
}

// TestReadsAsPerlReads writes the tree of each case with all parentheses and asks perl whether it means the same.
func TestReadsAsPerlReads(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "expressions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	// The first part has a case in each line, the others are a case each.
	parts := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n---\n")
	cases := append(strings.Split(parts[0], "\n"), parts[1:]...)
	texts := make([]string, 0, 2*len(cases))
	for _, c := range cases {
		f, bag := parseText("t", c)
		if bag.HasErrors() {
			t.Errorf("%s\n  %v", c, bag.All[0])
		}
		texts = append(texts, c, perlBlock(f.Body))
	}
	got := askPerl(t, texts)
	for i, c := range cases {
		want, have := got[2*i], got[2*i+1]
		if want.OK == 0 {
			t.Errorf("perl refuses the case\n%s\n  %s", c, want.Text)
			continue
		}
		if normal(want.Text) != normal(have.Text) {
			t.Errorf("%s\n  perl: %s\n  here: %s\n  from: %s", c, want.Text, have.Text, texts[2*i+1])
		}
	}
	t.Logf("%d cases", len(cases))
}
