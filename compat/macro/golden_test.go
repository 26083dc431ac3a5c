package macro_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"mavis/compat/macro"
	"mavis/testdata/peer"
)

var update = flag.Bool("update", false, "record the goldens anew from the original")

// golden is one template with what the original makes of it; octets stand as code points 0 to 255.
type golden struct {
	Template string  `json:"template"`
	Octets   *string `json:"octets"` // null where the original dies or does not end
	Chars    *string `json:"chars"`
}

// table is the macro table of testdata/record.pl.
func table(t testing.TB, chars bool) macro.Lookup {
	raw, err := os.ReadFile("testdata/macros.json")
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := json.Unmarshal(raw, &values); err != nil {
		t.Fatal(err)
	}
	m := macro.Map{}
	for name, v := range values {
		switch v := v.(type) {
		case string:
			m[name] = macro.Text(v)
		case []any:
			var l []string
			for _, e := range v {
				l = append(l, e.(string))
			}
			m[name] = macro.List(l...)
		default:
			m[name] = macro.Undef
		}
	}
	calls := 0
	m["calls"] = macro.Call(func(string, []string) macro.Value {
		calls++
		return macro.Text(strconv.Itoa(calls))
	})
	m["args"] = macro.Call(func(name string, a []string) macro.Value {
		return macro.Text(name + "(" + strings.Join(a, "/") + ")" + strconv.Itoa(len(a)))
	})
	m["listof"] = macro.Call(func(_ string, a []string) macro.Value { return macro.List(a...) })
	m["L"] = macro.Lazy(func() macro.Value { return macro.List("a", "b c", "d\n") })
	m["none"] = macro.Lazy(func() macro.Value { return macro.Undef })
	return macro.Chain{m, macro.Builtins(chars)}
}

func expand(t testing.TB, template string, chars bool) (string, error) {
	tpl, err := macro.Compile(template)
	if err != nil {
		return "", err
	}
	return macro.NewExpander(table(t, chars), macro.Limits{Steps: 200000}).Expand(tpl)
}

// ask runs the original over templates.
func ask(t testing.TB, templates []string, chars bool) []*string {
	perl := peer.Need(t, "perl")
	if _, err := os.Stat("/usr/share/perl5/Amavis/Expand.pm"); err != nil {
		peer.Missing(t, "amavisd-new is not installed")
	}
	var in bytes.Buffer
	for i, s := range templates {
		if i == 0 {
			in.WriteByte('[')
		} else {
			in.WriteByte(',')
		}
		b, _ := json.Marshal(latin(s))
		in.Write(toOctets(t, string(b)))
	}
	in.WriteByte(']')
	args := []string{"-T", "testdata/record.pl", "testdata/macros.json"}
	if chars {
		args = append(args, "chars")
	}
	cmd := exec.Command(perl, args...)
	cmd.Stdin = &in
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the original: %v", err)
	}
	var results []*string
	if err := json.Unmarshal([]byte(latin(string(out))), &results); err != nil {
		t.Fatal(err)
	}
	return results
}

// latin maps octets to code points.
func latin(s string) string {
	r := make([]rune, len(s))
	for i := 0; i < len(s); i++ {
		r[i] = rune(s[i])
	}
	return string(r)
}

// toOctets is the reverse of latin.
func toOctets(t testing.TB, s string) []byte {
	var b []byte
	for _, r := range s {
		if r > 255 {
			t.Fatalf("%q is not an octet", r)
		}
		b = append(b, byte(r))
	}
	return b
}

// randomTemplate strings lexical elements together.
func randomTemplate(r *rand.Rand) string {
	elements := []string{"[", "[?", "[~", "[@", "[:", "[=", `["`, `"]`, "]", "]", "]", "|", "|", "|", "#", "%s", "%R", "%#R",
		"%0", "%1", "%x", "\n", `\n`, " ", "a", "b", "1", "0", "2", "args|", "s", "R", "long-name|", "lc|", "_SCORE_", "_TESTS(,)_", "%e",
		"calls", "[?%#R|", "[%R|", "[:args|", "[=z|", "[:z|", "[@z", `["`, `"]`}
	var b strings.Builder
	for n := 1 + r.IntN(24); n > 0; n-- {
		b.WriteString(elements[r.IntN(len(elements))])
	}
	return b.String()
}

func templates(t testing.TB, seed uint64, random int) []string {
	raw, err := os.ReadFile("testdata/templates.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range strings.Split(strings.ReplaceAll(string(raw), "\n-- \n", "\n--\n"), "\n--\n") {
		out = append(out, strings.TrimSuffix(s, "\n"))
	}
	r := rand.New(rand.NewPCG(seed, 1))
	for range random {
		out = append(out, randomTemplate(r))
	}
	return out
}

// mixes says whether an octets template asks for text. The original puts characters up to 255 in as octets then; here
// they are UTF-8.
func mixes(template string, chars bool) bool {
	return !chars && strings.Contains(template, "mail_addr_decode|")
}

func check(t *testing.T, template string, want *string, chars bool) {
	t.Helper()
	if want == nil || mixes(template, chars) {
		return
	}
	got, err := expand(t, template, chars)
	if err != nil {
		t.Errorf("%q: %v", template, err)
	} else if latin(got) != *want {
		t.Errorf("chars=%v %q\n got %q\nwant %q", chars, template, got, toOctets(t, *want))
	}
}

// TestGolden holds every template of testdata/templates.txt and some random ones against the recording. It is recorded
// anew by go test ./compat/macro -run Golden -update, with amavisd-new installed.
func TestGolden(t *testing.T) {
	const file = "testdata/golden.json"
	if *update {
		ts := templates(t, 7, 300)
		octets, chars := ask(t, ts, false), ask(t, ts, true)
		var gs []golden
		for i, s := range ts {
			gs = append(gs, golden{latin(s), octets[i], chars[i]})
		}
		out, _ := json.MarshalIndent(gs, "", " ")
		if err := os.WriteFile(file, append(out, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var gs []golden
	if err := json.Unmarshal(raw, &gs); err != nil {
		t.Fatal(err)
	}
	for _, g := range gs {
		text := string(toOctets(t, g.Template))
		check(t, text, g.Octets, false)
		check(t, text, g.Chars, true)
	}
}

// TestAgainstOriginal asks the installed original about other random templates.
func TestAgainstOriginal(t *testing.T) {
	if testing.Short() {
		t.Skip("short run")
	}
	ts := templates(t, uint64(os.Getpid()), 1000)
	for i, want := range ask(t, ts, false) {
		check(t, ts[i], want, false)
	}
}
