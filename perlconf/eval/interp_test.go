package eval

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// memHost is a machine in memory.
type memHost struct {
	NoHost
	files fstest.MapFS
	cmds  map[string]string
	out   strings.Builder
}

func (h *memHost) path(name string) string { return strings.TrimPrefix(name, "/") }
func (h *memHost) ReadFile(name string) ([]byte, error) {
	return h.files.ReadFile(h.path(name))
}
func (h *memHost) Stat(name string) (fs.FileInfo, error)  { return h.files.Stat(h.path(name)) }
func (h *memHost) Lstat(name string) (fs.FileInfo, error) { return h.files.Stat(h.path(name)) }
func (h *memHost) Access(name string, _ byte) error {
	_, err := h.Stat(name)
	return err
}
func (h *memHost) ReadDir(name string) ([]string, error) {
	list, err := h.files.ReadDir(h.path(name))
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names, err
}
func (h *memHost) Command(line string) ([]byte, int, error) {
	if out, ok := h.cmds[line]; ok {
		return []byte(out), 0, nil
	}
	return nil, -1, ErrRefused
}
func (h *memHost) Env() []string            { return []string{"PATH=/bin", "HOME=/root"} }
func (h *memHost) Now() time.Time           { return time.Unix(1700000000, 0).UTC() }
func (h *memHost) Print(_ int, text string) { h.out.WriteString(text) }
func (h *memHost) Module(name string) bool  { return name == "Known::Module" }

func newMem() *memHost {
	return &memHost{files: fstest.MapFS{
		"etc/mailname": {Data: []byte("mx.example.org\nsecond\n"), Mode: 0o644},
		"etc/empty":    {Mode: 0o600},
		"conf/inc.pl":  {Data: []byte("$main::included++; our $shared = 'from inc'; { value => 42 }")},
		"conf/bad.pl":  {Data: []byte("die \"broken\\n\"")},
		"conf/false":   {Data: []byte("0")},
		"conf/syntax":  {Data: []byte("my $x = ;")},
	}, cmds: map[string]string{"hostname --fqdn": "mx.example.org\n"}}
}

func TestHost(t *testing.T) {
	for _, c := range []struct{ code, want string }{
		{"chomp(my $h = `hostname --fqdn`); $h", `["mx.example.org"]`},
		{"my @l = `hostname --fqdn`; scalar(@l), $? ", `["1","0"]`},
		{"my $x = `rm -rf /`; defined $x ? 1 : 0, $?", `["0","-1"]`},
		{"open(F, '/etc/mailname') or die; my $l = <F>; close(F); chomp $l; $l", `["mx.example.org"]`},
		{"open(my $fh, '<', '/etc/mailname') or die; my @l = <$fh>; chomp @l; @l", `["mx.example.org","second"]`},
		{"open(F, '</etc/mailname'); while (<F>) { chomp; push @l, \"$.:$_\" } @l", `["1:mx.example.org","2:second"]`},
		{"open(F, '/none') ? 1 : \"$!\"", `["No such file or directory"]`},
		{"-e '/etc/mailname', -f _x('/etc/mailname'), -d '/etc', -s '/etc/mailname', -z '/etc/empty', -r '/etc/mailname'; sub _x { $_[0] }", `["1","1","1","22","1","1"]`},
		{"(stat '/etc/mailname')[7], scalar(my @none = stat '/none')", `["22","0"]`},
		{"opendir(D, '/etc') or die; my @e = grep { !/^\\./ } sort readdir(D); closedir D; @e", `["empty","mailname"]`},
		{"my $r = do '/conf/inc.pl'; our $shared; ($r->{value}, $shared, $main::included)", `["42","from inc","1"]`},
		{"my $r = do '/conf/bad.pl'; (defined $r ? 1 : 0, $@)", `["0","broken\n"]`},
		{"require '/conf/inc.pl'; require '/conf/inc.pl'; $main::included", `["1"]`},
		{"eval { require '/conf/false' }; $@ =~ /did not return a true value/ ? 1 : 0", `["1"]`},
		{"use Known::Module; use Sys::Hostname; (hostname(), $ENV{HOME}, time)", `["localhost","/root","1700000000"]`},
		{"$ENV{HOME} = '/x'; join ',', map { \"$_=$ENV{$_}\" } sort keys %ENV", `["HOME=/x,PATH=/bin"]`},
		{"scalar(gmtime), (localtime)[5] + 1900", `["Tue Nov 14 22:13:20 2023","2023"]`},
	} {
		o := evalCase(newMem(), c.code)
		if got := show(o); got != c.want {
			t.Errorf("%s\n   got %s\n  want %s", c.code, got, c.want)
		}
	}
	h := newMem()
	if o := evalCase(h, `print "a", 1, "\n"; warn "careful"; printf STDERR "%d\n", 5; 1`); o.err != nil {
		t.Error(o.err)
	}
	if got := h.out.String(); got != "a1\ncareful at case line 1.\n5\n" {
		t.Errorf("printed %q", got)
	}
}

func TestStrictReportsAll(t *testing.T) {
	in := New(Options{})
	in.Declare("main", "$sa_tag_level_deflt", "@mynetworks", "%whitelist_sender", "$log_level")
	ran := false
	in.Define("main", "mark", nil, func(*Call) ([]Value, error) { ran = true; return nil, nil })
	o := evalIn2(in, "use strict;\nmark();\n$sa_tag_level_defalt = 2;\n@mynetwork = (1);\n$mynetworks = 1;\n$log_level = bare;\n\"a@foo.com\";\n1;\n")
	if o.err == nil || ran {
		t.Fatalf("the file was run: %v", o.err)
	}
	var got []string
	for _, d := range o.bag.All {
		got = append(got, d.Span.String()+" "+d.Code+" "+d.Help)
	}
	want := []string{
		"case:3:1 P200 did you mean $sa_tag_level_deflt?",
		"case:4:1 P200 did you mean @mynetworks?",
		"case:5:1 P200 did you mean @mynetworks?",
		"case:6:14 P201 put quotes around it",
		"case:7:3 P200 in double quotes @foo is an array; write \\@foo or use single quotes",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTypoWithoutStrict(t *testing.T) {
	in := New(Options{})
	in.Declare("main", "$log_level")
	o := evalIn2(in, "$log_levle = 3; $own = 1; $own++; $Other::x = 1; 1")
	if o.err != nil || len(o.bag.All) != 1 || o.bag.All[0].Code != CodeTypo || o.bag.All[0].Help != "did you mean $log_level?" {
		t.Errorf("%v %+v", o.err, o.bag.All)
	}
	if u := in.Undeclared(); len(u) != 2 {
		t.Errorf("undeclared: %v", u)
	}
}

func TestLostBackslash(t *testing.T) {
	in := New(Options{})
	in.Declare("main", "$mydomain", "$admin")
	o := evalIn2(in, "use strict;\n$mydomain = 'example.com';\n$admin = \"admin@$mydomain\";\n1;\n")
	if o.err == nil || o.err.Diag.Span.String() != "case:3:16" && o.err.Diag.Span.Pos().Line != 3 {
		t.Fatalf("%v", o.err)
	}
	if !strings.Contains(o.err.Diag.Help, "backslash") || !strings.Contains(o.err.Diag.Message, "as an ARRAY ref") {
		t.Errorf("%+v", o.err.Diag)
	}
}

func TestOrigins(t *testing.T) {
	in := New(Options{})
	src := source.New("conf", []byte("$x = 1;\n$x = 2;\n@list = ('a',\n  qr/b/,\n  [ 'c', 1 ],\n);\n%h = (k => 'v',\n  l => 'w');\n$h{m} = 3;\n$ref = [ map { $_ } 1..2 ];\npush @list, 'z';\ntab('one',\n  [ 2 ]);\n1;\n"))
	var args []*Scalar
	in.Define("main", "tab", nil, func(c *Call) ([]Value, error) { args = c.Args; return nil, nil })
	if _, err := in.RunSource(src); err != nil {
		t.Fatal(err)
	}
	at := func(o *Origin) string {
		if o == nil {
			return "none"
		}
		return o.Span.String()
	}
	x := in.Scalar("main", "x")
	list := in.Array("main", "list")
	h := in.Hash("main", "h")
	for _, c := range []struct{ what, got, want string }{
		{"$x", at(x.Origin), "conf:2:1"},
		{"$x before", at(x.Origin.Prev), "conf:1:1"},
		{"@list", at(list.Origin.Prev), "conf:3:1"},
		{"@list after push", at(list.Origin), "conf:11:1"},
		{"$list[0]", at(list.Elems[0].Origin), "conf:3:10"},
		{"$list[1]", at(list.Elems[1].Origin), "conf:4:3"},
		{"$list[1] itself", list.Elems[1].V.(*Regexp).Span.String(), "conf:4:3"},
		{"$list[2]", at(list.Elems[2].Origin), "conf:5:3"},
		{"@{$list[2]}", at(list.Elems[2].V.(*Array).Origin), "conf:5:3"},
		{"$list[2][1]", at(list.Elems[2].V.(*Array).Elems[1].Origin), "conf:5:10"},
		{"$list[3]", at(list.Elems[3].Origin), "conf:11:13"},
		{"$h{l}", at(h.Lookup("l").Origin), "conf:8:8"},
		{"$h{m}", at(h.Lookup("m").Origin), "conf:9:1"},
		{"argument 0", at(args[0].Origin), "conf:12:5"},
		{"argument 1", at(args[1].Origin), "conf:13:3"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
}

func TestLoopKeepsOriginsBounded(t *testing.T) {
	in := New(Options{})
	if _, err := in.RunSource(source.New("c", []byte("for (1..5000) { $x = 1; $x = 2; } 1"))); err != nil {
		t.Fatal(err)
	}
	n := 0
	for o := in.Scalar("main", "x").Origin; o != nil; o = o.Prev {
		n++
	}
	if n > maxOrigins {
		t.Errorf("%d origins", n)
	}
}

func TestNativeSubs(t *testing.T) {
	in := New(Options{Package: "Conf"})
	refProto := "\\@$;$"
	in.Define("Conf", "into", &refProto, func(c *Call) ([]Value, error) {
		c.Arg(0).(*Array).Push(c.Arg(1))
		return []Value{int64(len(c.Args))}, nil
	})
	in.Define("Conf", "fails", nil, func(c *Call) ([]Value, error) { return nil, errors.New("not that way") })
	in.Define("Conf", "placed", nil, func(c *Call) ([]Value, error) {
		return nil, Fail("X001", source.Span{}, "do it so", "no file %s", ToString(c.Arg(0)))
	})
	in.DefineConst("Conf", "D_PASS", int64(1))
	in.Declare("Conf", "@list", "$level")
	o := evalIn2(in, "use strict; my $n = into(@list, 'x'); $level = D_PASS; my $e = eval { fails() } // $@; ($n, \"@list\", $level, $e, __PACKAGE__)")
	if got := show(o); got != `["2","x","1","not that way at case line 1.\n","Conf"]` {
		t.Error(got)
	}
	o = evalIn2(in, "\nplaced('f');")
	if o.err == nil || o.err.Diag.Code != "X001" || o.err.Diag.Span.String() != "case:2:1" {
		t.Errorf("%v", o.err)
	}
}

func TestCallSub(t *testing.T) {
	in := New(Options{})
	v, err := in.RunSource(source.New("c", []byte("my $n = 10; sub { die \"bad\\n\" if !@_; wantarray ? map { $_ + $n } @_ : scalar(@_) }")))
	if err != nil {
		t.Fatal(err)
	}
	code := v.(*Code)
	if out, err := in.CallSub(code, ListContext, int64(1), "2"); err != nil || len(out) != 2 || ToString(out[1]) != "12" {
		t.Error(out, err)
	}
	if out, err := in.CallSub(code, ScalarContext, int64(1), "2"); err != nil || ToString(out[0]) != "2" {
		t.Error(out, err)
	}
	_, err = in.CallSub(code, ScalarContext)
	var e *Error
	if !errors.As(err, &e) || e.Value != "bad\n" {
		t.Error(err)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	in := New(Options{Context: ctx, MaxSteps: 1 << 40})
	_, err := in.RunSource(source.New("c", []byte("1 while 1;")))
	var e *Error
	if !errors.As(err, &e) || e.Diag.Code != CodeCancelled {
		t.Error(err)
	}
}

func TestFileValue(t *testing.T) {
	in := New(Options{})
	for text, want := range map[string]string{"1;": "1", "": "", "$x = 0": "0", "undef": "", "sub f {1}\n1;": "1", "if (0) {1}": "0"} {
		v, err := in.RunSource(source.New("c", []byte(text)))
		if err != nil || ToString(v) != want {
			t.Errorf("%q: %v %v", text, v, err)
		}
	}
}

func TestNotRunInSubIsAWarning(t *testing.T) {
	in := New(Options{})
	if _, err := in.RunSource(source.New("c", []byte("sub hook { system('x') } 1"))); err != nil {
		t.Fatal(err)
	}
	if len(in.bag.All) != 1 || in.bag.All[0].Severity != diag.Warning || in.bag.All[0].Code != CodeNotRunInSub {
		t.Errorf("%+v", in.bag.All)
	}
}

func TestStepsAreCountedPerRun(t *testing.T) {
	in := New(Options{MaxSteps: 1000})
	v, err := in.RunSource(source.New("c", []byte("sub { my $n = 0; $n++ for 1..200; $n }")))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if out, err := in.CallSub(v.(*Code), ScalarContext); err != nil || ToString(out[0]) != "200" {
			t.Fatal(out, err)
		}
	}
}
