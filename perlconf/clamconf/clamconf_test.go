package clamconf

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/testdata/peer"
)

func parse(name, text string) (*Config, *diag.Bag) {
	bag := &diag.Bag{}
	return Parse(source.New(name, []byte(text)), bag), bag
}

// firstError gives what clamd would stop at.
func firstError(bag *diag.Bag) *diag.Diagnostic {
	bag.Sort()
	for i := range bag.All {
		if bag.All[i].Severity == diag.Error {
			return &bag.All[i]
		}
	}
	return nil
}

// lines is a table of lines with the code of the first finding that is expected, "" for none.
var lines = []struct{ text, code string }{
	{"LogTime yes", ""}, {"LogTime YES", ""}, {"LogTime True", ""}, {"LogTime 1", ""}, {"LogTime 0", ""}, {"LogTime False", ""}, {"LogTime no", ""},
	{"LogTime on", CodeFormat}, {"LogTime y", CodeFormat}, {"LogTime 5", CodeFormat}, {"LogTime yes # note", CodeFormat}, {"LogTime yes no", CodeFormat},
	{"LogTime", CodeNoArgument}, {"LogTime ", CodeNoArgument}, {"LogTime=yes", CodeNoArgument}, {"LogTime \"yes\"", ""}, {"  LogTime yes", ""}, {"\tLogTime\tyes", ""},
	{"LogTime yes\r", CodeBytes}, {"logtime yes", CodeUnknown}, {"a", ""}, {"ab", CodeNoArgument}, {"ab c", CodeUnknown}, {"  a", ""}, {"   ab", CodeNoArgument}, {"    ", ""}, {"  # note", ""}, {"\r", ""}, {"#", ""},
	{"Example", CodeExample}, {"Examples", CodeExample}, {" Example yes", CodeExample}, {"example", CodeNoArgument}, {"#Example", ""},
	{"LogFile /a b", ""}, {"LogFile \"/a b\"", ""}, {"LogFile \"/a b", CodeQuote}, {"LogFile \"/a\" x", CodeQuote}, {"LogFile \"\"", CodeEmpty}, {"LogFile \"", CodeQuote}, {"LogFile \" \"", ""}, {"LogFile 'a'", ""},
	{"Foo \"\"", CodeEmpty}, {"Foo \"x", CodeQuote}, {"Foo x", CodeUnknown}, {"MailFollowURLs", CodeNoArgument}, {"MailFollowURLs what", CodeIgnored}, {"ArchiveBlockEncrypted yes", CodeRenamed},
	{"MaxScanSize 5M", ""}, {"MaxScanSize 5m", ""}, {"MaxScanSize 5K", ""}, {"MaxScanSize 5g", ""}, {"MaxScanSize 5", ""}, {"MaxScanSize 0", ""}, {"MaxScanSize 5MB", CodeFormat}, {"MaxScanSize 5 M", CodeFormat}, {"MaxScanSize -1", CodeFormat},
	{"MaxScanSize 1.5M", CodeFormat}, {"MaxScanSize M", CodeFormat}, {"MaxScanSize 0x10", CodeFormat}, {"MaxScanSize 010M", CodeRange}, {"MaxScanSize 08M", CodeFormat}, {"MaxScanSize 00", ""}, {"MaxScanSize 99999999999999999999", CodeRange}, {"MaxScanSize 9999999999G", CodeRange},
	{"TCPSocket 3310", ""}, {"TCPSocket /tmp/x", CodeFormat}, {"TCPSocket -1", CodeFormat}, {"TCPSocket 5000000000", CodeRange}, {"MaxThreads +5", CodeFormat}, {"MaxThreads 5.", CodeFormat}, {"MaxThreads 010", ""}, {"MaxThreads 2147483648", CodeRange},
	{"BytecodeSecurity paranoid", ""}, {"BytecodeSecurity None", CodeFormat}, {"BytecodeMode ForceJIT", ""}, {"BytecodeMode Off", CodeFormat}, {"DatabaseMirror x", CodeUnknown}, {"StatsEnabled yes", CodeUnknown},
	{"LogTime yes\nLogTime no", CodeRepeated}, {"ExcludePath ^/a\nExcludePath ^/b", ""}, {"Foo 1\nExample", CodeUnknown}, {"LogTime yes\x00x", CodeBytes}, {"Log\x00Time yes", CodeBytes},
	{"#" + strings.Repeat("a", 1100), CodeTooLong}, {"LogFile /" + strings.Repeat("a", 2000), CodeTooLong}, {"#" + strings.Repeat("a", 1000), ""},
	{"\xef\xbb\xbfLogTime yes", CodeUnknown}, {"LogTime\vyes", CodeNoArgument},
}

func TestLines(t *testing.T) {
	for _, c := range lines {
		_, bag := parse("clamd.conf", c.text+"\n")
		got := ""
		if len(bag.All) > 0 {
			got = bag.All[0].Code
		}
		if got != c.code {
			t.Errorf("%.80q: got %q, want %q: %v", c.text, got, c.code, bag.All)
		}
	}
}

// askClamconf gives the first error of clamconf on a file, "" when it accepts it, and the values it read.
func askClamconf(t *testing.T, text string) (string, map[string]string) {
	t.Helper()
	program := peer.Need(t, "clamconf")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "clamd.conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command(program, "-c", dir).CombinedOutput()
	values := map[string]string{}
	problem, ours := "", false
	for line := range strings.SplitSeq(string(out), "\n") {
		switch {
		case strings.HasPrefix(line, "ERROR: ") && problem == "":
			problem = strings.ReplaceAll(line, dir+"/", "")
		case strings.HasPrefix(line, "Config file: "):
			ours = line == "Config file: clamd.conf"
		case strings.HasPrefix(line, "freshclam.conf"):
			ours = false
		case ours:
			if name, value, ok := strings.Cut(line, " = "); ok {
				values[name] = value
			} else if name, ok := strings.CutSuffix(line, " disabled"); ok {
				values[name] = ""
			}
		}
	}
	return problem, values
}

var lineOf = regexp.MustCompile(`clamd\.conf:(\d+)`)

// sameVerdict compares our verdict with the words of clamconf.
func sameVerdict(t *testing.T, name, theirs string, bag *diag.Bag) {
	t.Helper()
	ours := firstError(bag)
	if (theirs == "") != (ours == nil) {
		t.Errorf("%s: clamconf: %q, ours: %v", name, theirs, ours)
		return
	}
	if ours == nil {
		return
	}
	codes := map[string]string{CodeUnknown: "Unknown option", CodeNoArgument: "Missing argument", CodeExample: "edit the example", CodeQuote: "Missing closing", CodeEmpty: "Empty argument"}
	want := codes[ours.Code]
	if ours.Code == CodeFormat {
		want = "argument f"
		if !strings.Contains(theirs, "format") {
			want = "numerical argument"
		}
	}
	if want == "" || !strings.Contains(theirs, want) {
		t.Errorf("%s: clamconf: %q, ours: %v", name, theirs, ours)
	}
	if m := lineOf.FindStringSubmatch(theirs); m != nil && m[1] != strconv.Itoa(ours.Span.Pos().Line) && !strings.Contains(name, "aaaaaaaa") {
		t.Errorf("%s: clamconf: %q, ours: %v", name, theirs, ours)
	}
	if ours.Help == "" && ours.Code != CodeUnknown && ours.Code != CodeFormat {
		t.Errorf("%s: no help for %v", name, ours)
	}
}

func TestLinesLikeClamconf(t *testing.T) {
	for _, c := range lines {
		theirs, _ := askClamconf(t, c.text+"\n")
		_, bag := parse("clamd.conf", c.text+"\n")
		sameVerdict(t, fmt.Sprintf("%.80q", c.text), theirs, bag)
	}
}

func TestCorpusVerdicts(t *testing.T) {
	index, err := os.Open(peer.Shared(t, "corpus", "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	sc := bufio.NewScanner(index)
	sc.Buffer(nil, 1<<20)
	n, refused := 0, 0
	for sc.Scan() {
		fields := strings.Split(sc.Text(), "\t")
		if !strings.HasPrefix(fields[0], "clamd/") {
			continue
		}
		text, err := os.ReadFile(peer.Shared(t, "corpus", fields[0]))
		if err != nil {
			t.Fatal(err)
		}
		theirs := ""
		if fields[5] != "parses" {
			theirs = strings.Trim(fields[6], `"`)
			refused++
		}
		_, bag := parse(fields[0], string(text))
		sameVerdict(t, fields[0], theirs, bag)
		if m := regexp.MustCompile(`option (\w+)$`).FindStringSubmatch(theirs); m != nil && !strings.Contains(firstError(bag).Message, m[1]) {
			t.Errorf("%s: clamconf: %q, ours: %v", fields[0], theirs, firstError(bag))
		}
		n++
	}
	if n < 90 || refused < 20 {
		t.Errorf("only %d files, %d of them refused", n, refused)
	}
}

// TestOptionsLikeClamconf holds names, kinds and defaults of the table against the program.
func TestOptionsLikeClamconf(t *testing.T) {
	problem, defaults := askClamconf(t, "# nothing\n")
	if problem != "" || len(defaults) < 100 {
		t.Fatalf("%q, %d options", problem, len(defaults))
	}
	last := ""
	var all strings.Builder
	for _, o := range known {
		if o.Name <= last {
			t.Errorf("%s is out of order", o.Name)
		}
		last = o.Name
		theirs, listed := defaults[o.Name]
		if listed != (o.Kind != Ignored) || strings.Trim(theirs, `"`) != o.Default {
			t.Errorf("%s: default %q, clamconf has %q, %v", o.Name, o.Default, theirs, listed)
		}
		delete(defaults, o.Name)
		value := map[Kind]string{Bool: "yes", Number: "7", Size: "7M", String: "text", Choice: "Paranoid", List: "text", NumberList: "7", Ignored: "any"}[o.Kind]
		if o.Name == "BytecodeMode" {
			value = "Test"
		}
		all.WriteString(strings.Repeat(o.Name+" "+value+"\n", 2))
	}
	problem, values := askClamconf(t, all.String())
	if problem != "" {
		t.Error(problem)
	}
	for _, o := range known {
		if strings.Contains(values[o.Name], ", ") != (o.Kind == List || o.Kind == NumberList) {
			t.Errorf("%s: is it repeatable? %q", o.Name, values[o.Name])
		}
	}
	for name := range defaults {
		t.Errorf("the table lacks %s", name)
	}
	for _, o := range gone {
		if problem, _ := askClamconf(t, o.Name+" yes\n"); !strings.Contains(problem, "Unknown option") {
			t.Errorf("%s is not gone: %q", o.Name, problem)
		}
	}
	for _, o := range Options() {
		if o.ReplacedBy != "" && !isKnown(o.ReplacedBy) {
			t.Errorf("%s is replaced by %s, which is no option", o.Name, o.ReplacedBy)
		}
	}
}

func isKnown(name string) bool {
	for _, o := range known {
		if o.Name == name && o.Kind != Ignored {
			return true
		}
	}
	return false
}

func TestValues(t *testing.T) {
	c, bag := parse("clamd.conf", "LogFile \"/var/log/clam av.log\"\nLogTime yes\nLogTime no\nMaxScanSize 0\nStreamMaxLength 20M\nTCPAddr 127.0.0.1\nTCPAddr ::1\nMaxThreads 010\nArchiveBlockEncrypted true\nPhishingSignatures no\nScanMail\n")
	if s, at := c.String("LogFile"); s != "/var/log/clam av.log" || at.String() != "clamd.conf:1:10" {
		t.Errorf("LogFile: %q at %v", s, at)
	}
	if v, at := c.Bool("LogTime"); !v || at.Pos().Line != 2 {
		t.Errorf("LogTime: %v at %v", v, at)
	}
	if v, at := c.Bool("ScanMail"); !v || at.Pos().Line != 11 {
		t.Errorf("ScanMail: %v at %v", v, at)
	}
	if v, _ := c.Bool("PhishingSignatures"); v {
		t.Error("PhishingSignatures is on")
	}
	if v, at := c.Bool("ScanPE"); !v || !at.IsZero() {
		t.Errorf("ScanPE: %v at %v", v, at)
	}
	if v, at := c.Bool("AlertEncrypted"); !v || at.Pos().Line != 9 || !c.IsSet("AlertEncrypted") {
		t.Errorf("AlertEncrypted by its old name: %v at %v", v, at)
	}
	if n, _ := c.Size("MaxScanSize"); n != math.MaxInt64 {
		t.Errorf("MaxScanSize: %d", n)
	}
	if n, _ := c.Size("StreamMaxLength"); n != 20<<20 {
		t.Errorf("StreamMaxLength: %d", n)
	}
	if n, at := c.Size("MaxFileSize"); n != 100<<20 || !at.IsZero() {
		t.Errorf("MaxFileSize: %d", n)
	}
	if n, _ := c.Number("MaxThreads"); n != 10 {
		t.Errorf("MaxThreads: %d", n)
	}
	if n, _ := c.Number("TCPSocket"); n != 0 || c.IsSet("TCPSocket") {
		t.Errorf("TCPSocket: %d", n)
	}
	if l, spans := c.List("TCPAddr"); len(l) != 2 || l[1] != "::1" || spans[1].Pos().Line != 7 {
		t.Errorf("TCPAddr: %q %v", l, spans)
	}
	if len(c.Settings()) != 11 {
		t.Errorf("%d settings", len(c.Settings()))
	}
	if len(bag.All) != 3 { // repeated, renamed, bare
		t.Errorf("%v", bag.All)
	}
}

func TestBareFlagHasFix(t *testing.T) {
	_, bag := parse("clamd.conf", "  ScanMail\n")
	d := firstError(bag)
	if d == nil || len(d.Fixes) != 1 || d.Fixes[0].Edits[0].New != "ScanMail yes" || d.Fixes[0].Edits[0].Span.Text() != "ScanMail" {
		t.Errorf("%+v", d)
	}
}

// TestSeed: an old file with bare flags is refused as a whole, and all of it is reported.
func TestSeed(t *testing.T) {
	text, err := os.ReadFile(peer.Shared(t, "corpus", "seed-clamd.conf"))
	if err != nil {
		t.Fatal(err)
	}
	c, bag := parse("clamd.conf", string(text))
	bare := 0
	for _, d := range bag.All {
		if d.Code == CodeNoArgument {
			bare++
		}
	}
	if v, _ := c.Bool("ScanMail"); !v || bare < 5 {
		t.Errorf("ScanMail %v, %d bare flags", v, bare)
	}
	theirs, _ := askClamconf(t, string(text))
	sameVerdict(t, "seed", theirs, bag)
}

func TestSuggestions(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"logfile /x", "LogFile"}, {"MaxThread 5", "MaxThreads"}, {"DatabaseMirror x", "freshclam.conf"}, {"MilterSocket /x", "clamav-milter.conf"},
		{"ArchiveMaxFileSize 5M", "MaxFileSize"}, {"ClamukoExcludePath /x", "OnAccessExcludePath"}, {"LogTime=yes", "without ="}, {"StatsEnabled yes", "remove"},
	} {
		_, bag := parse("clamd.conf", c.text+"\n")
		if d := firstError(bag); d == nil || !strings.Contains(d.Message+d.Help, c.want) {
			t.Errorf("%q: %+v", c.text, d)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range lines {
		f.Add([]byte(c.text + "\n"))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		bag := &diag.Bag{}
		file := source.New("clamd.conf", text)
		c := Parse(file, bag)
		for _, d := range bag.All {
			if d.Span.File != file || d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(text) || d.Message == "" {
				t.Fatalf("%+v", d)
			}
		}
		for _, s := range c.Settings() {
			_ = s.Span.Text()
			c.Bool(s.Option.Name)
			c.Size(s.Option.Name)
			c.Number(s.Option.Name)
		}
	})
}
