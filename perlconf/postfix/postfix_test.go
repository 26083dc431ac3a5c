package postfix

import (
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/testdata/peer"
)

// mains and masters are read here and by postconf. Those marked refused are refused by it.
var mains = []struct {
	name, text string
	refused    bool
}{
	{name: "plain", text: "relayhost = mail.example.com\nmydomain=example.com\n"},
	{name: "continued", text: "smtpd_recipient_restrictions =\n    permit_mynetworks,\n# between\n\n    reject\n   # behind\ncontent_filter = smtp-amavis:[127.0.0.1]:10024\n"},
	{name: "twice", text: "mydomain = a.example\nmydomain = b.example\n"},
	{name: "carriage returns", text: "mydomain = a.example\r\nrelayhost = m.a.example\r\n"},
	{name: "empty value", text: "content_filter =\nrelayhost =\n\t\nmydomain = x\n"},
	{name: "no hash comment behind", text: "myorigin = a # b\n"},
	{name: "indented first", text: "#\n  mydomain = a.example\n  more\nmyorigin = b\n"},
	{name: "quotes", text: "smtpd_banner = \"$myhostname\" 'x' = y\n"},
	{name: "no newline at the end", text: "myorigin = a"},
	{name: "no equals", text: "myorigin\n", refused: true},
	{name: "no name", text: "= x\n", refused: true},
	{name: "two names", text: "a b = x\n", refused: true},
}

var masters = []struct {
	name, text string
	refused    bool
}{
	{name: "amavis", text: `smtp      inet  n       -       y       -       -       smtpd
smtp-amavis unix - - y - 2 smtp
    -o smtp_data_done_timeout=1200
    -o smtp_send_xforward_command=yes
    -o { smtp_header_checks = a b c }
   # comment
    -o disable_dns_lookups=yes
127.0.0.1:10025 inet n - y - - smtpd
    -o content_filter=
    -o mynetworks=127.0.0.0/8,10.0.0.0/8 -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks
    -o smtpd_banner="a b"
pickup    unix  n       -       y       60      1       pickup
`},
	{name: "braces", text: "smtp inet n - - - 1 smtpd -o content_filter={b c} -o {myorigin=x y}\n"},
	{name: "braces around", text: "smtp inet n - y - 1 smtpd {-o} {myorigin = c} -o a = b\n"},
	{name: "open brace", text: "smtp inet n - y - 1 smtpd -o { myorigin = b\n"},
	{name: "behind brace", text: "smtp inet n - y - 1 smtpd -o {myorigin=b}x\n"},
	{name: "pipe", text: "mailman unix - n n - - pipe\n  flags=FRX user=list argv=/usr/lib/mailman/bin/postfix-to-mailman.py -o x=y ${nexthop} ${user}\n"},
	{name: "wakeup", text: "qmgr unix n - n 300? 1 qmgr\n"},
	{name: "seven fields", text: "smtp inet n - y - -\n", refused: true},
	{name: "type", text: "smtp tcp n - y - - smtpd\n", refused: true},
	{name: "limit", text: "smtp inet n - y - x smtpd\n", refused: true},
	{name: "private", text: "smtp inet z - y - 1 smtpd\n", refused: true},
	{name: "chroot", text: "smtp inet n - yes - 1 smtpd\n", refused: true},
	{name: "wakeup text", text: "smtp inet n - y often 1 smtpd\n", refused: true},
}

// postconf runs postconf over the two files; its warnings are left out.
func postconf(t *testing.T, main, master string, args ...string) ([]string, error) {
	t.Helper()
	dir, err := os.MkdirTemp("", "postfix") // a dollar in the folder's name would be expanded
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	// what postconf would look up in DNS otherwise
	const known = "\nmyhostname = m.example.com\nmynetworks = 127.0.0.0/8\n"
	for name, text := range map[string]string{"main.cf": main + known, "master.cf": master} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		// postconf waits until a file has not changed for a while
		if err := os.Chtimes(filepath.Join(dir, name), time.Unix(0, 0), time.Unix(0, 0)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(peer.Need(t, "postconf"), append([]string{"-c", dir}, args...)...).Output()
	var lines []string
	for _, l := range strings.Split(string(out), "\n") {
		if l = strings.Join(strings.Fields(l), " "); l != "" && !strings.HasPrefix(l, "config_directory") && !strings.Contains(known, l) {
			lines = append(lines, l)
		}
	}
	sort.Strings(lines)
	return lines, err
}

func refused(bag *diag.Bag) bool { return bag.HasErrors() }

// TestMainAsPostconf reads main.cf as "postconf -n" does.
func TestMainAsPostconf(t *testing.T) {
	for _, c := range mains {
		t.Run(c.name, func(t *testing.T) {
			want, err := postconf(t, c.text, "", "-n")
			bag := &diag.Bag{}
			m := ParseMain(source.New("main.cf", []byte(c.text)), bag)
			if (err != nil) != c.refused || refused(bag) != c.refused {
				t.Fatalf("postconf: %v; here: %v", err, bag.All)
			}
			if c.refused {
				return
			}
			var got []string
			for name, i := range m.last {
				got = append(got, strings.TrimSpace(name+" = "+m.settings[i].Value))
			}
			sort.Strings(got)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			checkPlaces(t, m.settings)
		})
	}
}

// checkPlaces wants every value where its span says.
func checkPlaces(t *testing.T, list []Setting) {
	t.Helper()
	for _, s := range list {
		var text []string
		for _, l := range strings.Split(s.Span.Text(), "\n") {
			if !strings.HasPrefix(strings.TrimSpace(l), "#") {
				text = append(text, l)
			}
		}
		if s.At.Text() != s.Name || strings.Join(strings.Fields(strings.Join(text, " ")), " ") != s.Value {
			t.Errorf("%s = %q stands at %q = %q", s.Name, s.Value, s.At.Text(), s.Span.Text())
		}
	}
}

// TestMasterAsPostconf reads master.cf as "postconf -M" and "postconf -P" do.
func TestMasterAsPostconf(t *testing.T) {
	cases := masters
	for _, file := range []string{"/etc/postfix/master.cf", "/usr/share/postfix/master.cf.dist"} {
		if text, err := os.ReadFile(file); err == nil {
			cases = append(cases, struct {
				name, text string
				refused    bool
			}{name: file, text: string(text)})
		}
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			services, err := postconf(t, "", c.text, "-M")
			bag := &diag.Bag{}
			m := ParseMaster(source.New("master.cf", []byte(c.text)), bag)
			if (err != nil) != c.refused || refused(bag) != c.refused {
				t.Fatalf("postconf: %v; here: %v", err, bag.All)
			}
			if c.refused {
				return
			}
			var got, gotOptions []string
			for i := range m.Services {
				s := &m.Services[i]
				got = append(got, strings.Join([]string{s.Name, s.Type, s.Private, s.Unprivileged, s.Chroot, s.Wakeup, s.MaxProc, s.Command}, " "))
				last := map[string]string{}
				for _, o := range s.Options {
					last[o.Name] = o.Value
				}
				for name, value := range last {
					gotOptions = append(gotOptions, strings.TrimSpace(s.Name+"/"+s.Type+"/"+name+" = "+value))
				}
				checkPlaces(t, s.Options)
				if s.At.Text() != s.Name || s.MaxProcAt.Text() != s.MaxProc || !strings.HasPrefix(s.Span.Text(), s.Name) {
					t.Errorf("service at %q, its limit at %q", s.At.Text(), s.MaxProcAt.Text())
				}
			}
			sort.Strings(got)
			sort.Strings(gotOptions)
			for i, l := range services {
				f := strings.Fields(l)
				services[i] = strings.Join(f[:min(len(f), 8)], " ")
			}
			if d := cmp.Diff(services, got); d != "" {
				t.Error(d)
			}
			options, _ := postconf(t, "", c.text, "-P")
			if d := cmp.Diff(options, gotOptions); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestExpandAsPostconf expands values as "postconf -x" does.
func TestExpandAsPostconf(t *testing.T) {
	const base = "a = 1\nb = $a$a\nempty =\n"
	for _, c := range []struct {
		text string
		bad  bool
	}{
		{text: "x$a ${a} $(a) $b"}, {text: "$$a"}, {text: "${a?yes}${a:no}"}, {text: "${nope?yes}${nope:no $a}"},
		{text: "${empty?{yes}:{no $b}} ${a?{y $b}:{n}} ${a ? {b} : {c}}"}, {text: "$(a?yes) ${nope?{a}} ${nope?{a}:c}"},
		{text: "$a_b $a-b {$a} ${ a }"}, {text: "${a?{p}}q"}, {text: "no dollar"},
		{text: "$", bad: true}, {text: "${a", bad: true}, {text: "${}", bad: true}, {text: "$ x", bad: true}, {text: "$relayhost", bad: true},
	} {
		t.Run(c.text, func(t *testing.T) {
			text := base + "relayhost = " + c.text + "\n"
			m := ParseMain(source.New("main.cf", []byte(text)), &diag.Bag{})
			set, _ := m.Setting("relayhost")
			got, err := m.Expand(set.Value)
			if c.bad {
				if err == nil {
					t.Errorf("%q", got)
				}
				return
			}
			want, perr := postconf(t, text, "", "-x", "-h", "relayhost")
			if perr != nil || err != nil {
				t.Fatalf("%v %s %v", perr, perr.(*exec.ExitError).Stderr, err)
			}
			if got = strings.Join(strings.Fields(got), " "); got != strings.Join(want, "") {
				t.Errorf("%q, postconf says %q", got, want)
			}
		})
	}
}

// TestServices is about what postconf shows in its own way: it lists a service twice, and it cuts options written -oNAME.
func TestServices(t *testing.T) {
	bag := &diag.Bag{}
	m := ParseMaster(source.New("master.cf", []byte(`a unix - - - - 1 smtp
b unix - - - - 2 smtp -ocontent_filter=a -v -omyorigin=c d -o relayhost=x
a unix - - - - 3 smtp -o myorigin=x -o myorigin=y
a inet n - - - 4 smtp
`)), bag)
	if len(m.Services) != 3 || m.Find("a", "unix").MaxProc != "3" || m.Find("a", "inet").MaxProc != "4" || m.Find("c", "inet") != nil {
		t.Errorf("%+v", m.Services)
	}
	if len(bag.All) != 1 || bag.All[0].Code != CodeRepeated || bag.All[0].Span.String() != "master.cf:1:1" {
		t.Error(bag.All)
	}
	var got []string
	b := m.Find("b", "unix")
	for _, o := range b.Options {
		got = append(got, o.Name+"="+o.Value)
	}
	if d := cmp.Diff([]string{"content_filter=a", "myorigin=c"}, got); d != "" {
		t.Error(d)
	}
	if o, ok := m.Find("a", "unix").Option("myorigin"); !ok || o.Value != "y" {
		t.Error(o)
	}
	if w := b.Args[len(b.Args)-1]; w.Text != "relayhost=x" || len(b.Args) != 6 {
		t.Errorf("%+v", b.Args)
	}
}

func TestValue(t *testing.T) {
	c := Config{Main: ParseMain(source.New("main.cf", []byte("content_filter = amavis:[127.0.0.1]:$port\nport = 10024\n")), nil),
		Master: ParseMaster(source.New("master.cf", []byte("smtp inet n - y - - smtpd\n127.0.0.1:10025 inet n - y - - smtpd -o content_filter=\n")), nil)}
	if v, at, ok := c.Value(c.Master.Find("smtp", "inet"), "content_filter"); v != "amavis:[127.0.0.1]:10024" || !ok || at.String() != "main.cf:1:18" {
		t.Error(v, ok, at)
	}
	if v, at, ok := c.Value(c.Master.Find("127.0.0.1:10025", "inet"), "content_filter"); v != "" || !ok || at.String() != "master.cf:2:56" {
		t.Error(v, ok, at)
	}
	if _, _, ok := c.Value(nil, "relayhost"); ok {
		t.Error("set?")
	}
	var none Config
	if _, _, ok := none.Value(none.Master.Find("a", "unix"), "relayhost"); ok {
		t.Error("set?")
	}
}

func TestBounds(t *testing.T) {
	bag := &diag.Bag{}
	m := ParseMain(source.New("main.cf", []byte(strings.Repeat("a = $b$b\n", maxLines+5))), bag)
	if len(m.Settings()) != maxLines || len(bag.All) > maxFindings+5 {
		t.Error(len(m.Settings()), len(bag.All))
	}
	var b strings.Builder
	for c := 'a'; c < 'z'; c++ {
		b.WriteString(string(c) + " = $" + strings.Repeat(string(c+1)+"$", 30) + "a\n")
	}
	m = ParseMain(source.New("main.cf", []byte(b.String())), nil)
	if _, err := m.Expand("$a"); err == nil {
		t.Error("no end")
	}
	deep := strings.Repeat("${a?", 200_000)
	if _, err := m.Expand(deep); err == nil {
		t.Error("unclosed braces")
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range mains {
		f.Add([]byte(c.text))
	}
	for _, c := range masters {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := source.New("x", text)
		m := ParseMain(file, nil)
		inside := func(s source.Span) {
			if s.Start < 0 || s.End < s.Start || s.End > len(text) {
				t.Fatalf("span %d..%d of %d", s.Start, s.End, len(text))
			}
		}
		for _, s := range m.Settings() {
			inside(s.At)
			inside(s.Span)
			if s.At.Text() != s.Name {
				t.Fatalf("%q at %q", s.Name, s.At.Text())
			}
			_, _ = m.Expand(s.Value)
		}
		for _, s := range ParseMaster(file, nil).Services {
			inside(s.Span)
			inside(s.MaxProcAt)
			for _, o := range s.Options {
				inside(o.Span)
			}
		}
	})
}
