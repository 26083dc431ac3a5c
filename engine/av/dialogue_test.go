package av

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"mavis/perlconf/eval"
	"mavis/rules"
)

// dialogueCase is a case of testdata/dialogues.json; see dialogues.pl there for what the fields mean. Stricter says why
// we fail where the original calls a mail clean; Retried, that we try once more where it does not.
type dialogueCase struct {
	Name, Label, Query, Extra, Stricter string
	Sockets                             []string
	Files                               map[string]string
	Clean, Infected                     any
	Names                               string
	Daemons                             map[string][][]any
	Times                               int
	FirstStops                          bool `json:"first_stops"`
	Retried                             bool
}

type dialogueGolden struct {
	Name    string
	Heard   map[string][]string
	Results []struct {
		Status, Output, Error string
		Names                 []string
	}
}

// scripted plays one daemon of a case.
type scripted struct {
	t       *testing.T
	l       net.Listener
	dir     string
	mu      sync.Mutex
	heard   []string
	open    map[net.Conn]bool
	serving sync.WaitGroup
}

func playDaemon(t *testing.T, name, base, dir string, scripts [][]any) *scripted {
	t.Helper()
	network, address := "unix", filepath.Join(base, name)
	if strings.HasPrefix(name, "PORT") {
		network, address = "tcp", "127.0.0.1:0"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	d := &scripted{t: t, l: l, dir: dir, open: map[net.Conn]bool{}}
	d.serving.Add(1)
	go func() {
		defer d.serving.Done()
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			var script []any
			if n < len(scripts) {
				script = scripts[n]
			}
			d.mu.Lock()
			d.open[c] = true
			d.mu.Unlock()
			heard := d.play(c, script)
			d.mu.Lock()
			delete(d.open, c)
			d.heard = append(d.heard, heard)
			d.mu.Unlock()
		}
	}()
	return d
}

func (d *scripted) end() []string {
	time.Sleep(20 * time.Millisecond)
	d.l.Close()
	d.mu.Lock()
	for c := range d.open {
		c.Close()
	}
	d.mu.Unlock()
	d.serving.Wait()
	return d.heard
}

var (
	runsOfX     = regexp.MustCompile(`x{100,}`)
	scanTimeout = regexp.MustCompile(`SCAN_TIMEOUT \d+`)
)

func (d *scripted) play(c net.Conn, script []any) string {
	var heard strings.Builder
	more := func(n int) []byte {
		b := make([]byte, n)
		got, err := io.ReadFull(c, b)
		heard.Write(b[:got])
		if err != nil {
			return nil
		}
		return b
	}
	until := func(end byte) {
		for b := more(1); b != nil && b[0] != end; b = more(1) {
		}
	}
	for _, step := range script {
		switch s := step.(type) {
		case []any:
			io.WriteString(c, bytesOf(strings.ReplaceAll(s[1].(string), "DIR", d.dir)))
		case float64:
			more(int(s))
		case string:
			switch s {
			case "line":
				until('\n')
			case "nul":
				until(0)
			case "eof":
				for more(1) != nil {
				}
			case "stream":
				for b := more(4); b != nil; b = more(4) {
					n := binary.BigEndian.Uint32(b)
					if n == 0 {
						break
					}
					more(int(n))
				}
			}
		}
	}
	c.Close()
	out := strings.ReplaceAll(heard.String(), d.dir, "DIR")
	out = runsOfX.ReplaceAllStringFunc(out, func(x string) string { return fmt.Sprintf("<%d x>", len(x)) })
	return scanTimeout.ReplaceAllString(out, "SCAN_TIMEOUT N")
}

// bytesOf gives text of JSON, where each character stands for a byte, as bytes.
func bytesOf(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

func textOf(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

func outcomeOf(t *testing.T, v any) rules.Outcome {
	switch x := v.(type) {
	case string:
		return rules.Outcome{Pattern: re(t, x)}
	case []any:
		o := rules.Outcome{}
		for _, n := range x {
			o.Status = append(o.Status, int(n.(float64)))
		}
		return o
	}
	return rules.Outcome{}
}

var portName = regexp.MustCompile(`PORT\d`)

// TestDialogues holds the dialogues that the original held, word for word, and comes to its verdicts; where a case says
// so, to a stricter one.
func TestDialogues(t *testing.T) {
	var cases []dialogueCase
	var golden []dialogueGolden
	for name, v := range map[string]any{"dialogues.json": &cases, "dialogues.golden.json": &golden} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err == nil {
			err = json.Unmarshal(b, v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(cases) != len(golden) {
		t.Fatalf("%d cases, %d recorded", len(cases), len(golden))
	}
	for i, c := range cases {
		t.Run(c.Name, func(t *testing.T) { replay(t, c, golden[i]) })
	}
}

func replay(t *testing.T, c dialogueCase, want dialogueGolden) {
	if c.Name != want.Name {
		t.Fatalf("recorded is %s", want.Name)
	}
	base, err := os.MkdirTemp("", "av")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(base)
	j := Job{Folder: filepath.Join(base, "parts")}
	if err := os.Mkdir(j.Folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range c.Files {
		if n, ok := strings.CutPrefix(text, "BYTES "); ok {
			size, _ := strconv.Atoi(n)
			text = strings.Repeat("x", size)
		}
		j.Files = append(j.Files, name)
		if err := os.WriteFile(filepath.Join(j.Folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sort.Strings(j.Files)
	daemons := map[string]*scripted{}
	for name, scripts := range c.Daemons {
		daemons[name] = playDaemon(t, name, base, j.Folder, scripts)
	}
	e := rules.Scanner{Name: c.Label, Call: "ask_daemon", Query: []string{bytesOf(c.Query)}, Clean: outcomeOf(t, c.Clean),
		Infected: outcomeOf(t, c.Infected), Inconclusive: c.Clean == nil}
	if c.Label == "" {
		e.Name = "scanner"
	}
	if c.Names != "" {
		e.NameRE = re(t, c.Names)
	}
	if c.Extra != "" {
		e.Extra = []eval.Value{c.Extra}
	}
	for _, s := range c.Sockets {
		s = portName.ReplaceAllStringFunc(s, func(p string) string { return daemons[p].l.Addr().String() })
		s = strings.ReplaceAll(strings.ReplaceAll(s, "SOCK", base+"/SOCK"), "NOBODY", base+"/NOBODY")
		e.Sockets = append(e.Sockets, s)
	}
	var keep Daemons
	for n := range max(1, c.Times) {
		s := &Scanner{Primary: []rules.Scanner{e}, Daemons: &keep, FirstInfectedStops: c.FirstStops}
		v, err := scan(t, s, j)
		w := want.Results[n]
		if c.Stricter != "" {
			if w.Status != "clean" || !errors.Is(err, ErrNone) {
				t.Errorf("recorded %s, want a failure here: %+v, %v", w.Status, v, err)
			}
			continue
		}
		status := "clean"
		switch {
		case err != nil:
			v = &Verdict{}
			if status = "none"; w.Status != "none" {
				status = ""
			}
		case v.Infected:
			status = "infected"
		}
		if status != w.Status {
			t.Errorf("scan %d: %q, %v, want %q %s", n, status, err, w.Status, w.Error)
			continue
		}
		if status == "infected" {
			if d := cmp.Diff(w.Names, v.Names); d != "" {
				t.Error(d)
			}
			output := strings.TrimRight(strings.ReplaceAll(strings.ReplaceAll(w.Output, "DIR/", ""), "DIR", ""), "\n")
			if got := strings.TrimRight(textOf(v.Output), "\n"); got != output {
				t.Errorf("output %q, want %q", got, output)
			}
		}
	}
	keep.Close()
	for name, d := range daemons {
		var heard []string
		for _, h := range d.end() {
			heard = append(heard, textOf(h))
		}
		expected := want.Heard[name]
		if c.Retried {
			heard = heard[:min(1, len(heard))]
		}
		if len(heard)+len(expected) > 0 {
			if diff := cmp.Diff(expected, heard); diff != "" {
				t.Errorf("%s (-original +ours)\n%s", name, diff)
			}
		}
	}
}

// An answer in pieces is one answer; one that ends in the middle of a session is none.
func TestSessionEndings(t *testing.T) {
	entry := func(socket, name string) rules.Scanner {
		return rules.Scanner{Name: name, Call: "ask_daemon", Query: []string{"{}/*\n"}, Sockets: []string{socket},
			Clean: rules.Outcome{Pattern: re(t, `^0`)}, Infected: rules.Outcome{Pattern: re(t, `^1`)}, NameRE: re(t, `^1:(.*)`)}
	}
	t.Run("words that nobody asked for are not the next answer", func(t *testing.T) {
		base := t.TempDir()
		d := playDaemon(t, "SOCK0", base, "DIR", [][]any{
			{"line", []any{"send", "0\n"}, []any{"send", "0\n"}, "line", []any{"send", "1:late\n"}, "eof"},
			{"line", []any{"send", "1:Worm\n"}, "eof"}})
		defer d.end()
		j := job(t)
		var keep Daemons
		defer keep.Close()
		s := &Scanner{Primary: []rules.Scanner{entry(filepath.Join(base, "SOCK0"), "Sophie")}, Daemons: &keep}
		v, err := scan(t, s, j)
		if err == nil && cmp.Diff([]string{"Worm"}, v.Names) != "" { // it fails when both answers came at once
			t.Errorf("%+v, %v", v, err)
		}
	})
	t.Run("an answer without an end is taken, the session is not", func(t *testing.T) {
		base := t.TempDir()
		d := playDaemon(t, "SOCK0", base, "DIR", [][]any{{"line", []any{"send", "0"}, "eof"}, {"line", []any{"send", "1:X"}, "eof"}})
		defer d.end()
		var keep Daemons
		defer keep.Close()
		v, err := scan(t, &Scanner{Primary: []rules.Scanner{entry(filepath.Join(base, "SOCK0"), "Sophie")}, Daemons: &keep}, job(t))
		if err != nil || cmp.Diff([]string{"X"}, v.Names) != "" {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

// What a session has told before it broke off convicts, but does not acquit.
func TestBrokenSessions(t *testing.T) {
	for _, c := range []struct {
		name, proto, query string
		script             []any
		infected           bool
	}{
		{"clamd, infected then gone", "clamd:", "*", []any{"nul", "nul", "stream", []any{"send", "1: stream: A FOUND\x00"}}, true},
		{"clamd, clean then gone", "clamd:", "*", []any{"nul", "nul", "stream", []any{"send", "1: stream: OK\x00"}}, false},
		{"clamd, stream too long", "clamd:", "*", []any{"nul", "nul", 6.0, []any{"send", "INSTREAM size limit exceeded. ERROR\x00"}}, false},
		{"clamd, too long by id", "clamd:", "*", []any{"nul", "nul", "stream", []any{"send", "1: INSTREAM size limit exceeded. ERROR\x00"}, "nul", "stream", []any{"send", "2: stream: OK\x00"}, "nul"}, false},
		{"clamd, half an answer", "clamd:", "*", []any{"nul", "nul", "stream", "nul", "stream", []any{"send", "1: stream: OK\x002: stream: OK"}}, false},
		{"sssp, infected then gone", "sssp:", "{}", []any{[]any{"send", "OK SSSP/1.0\r\n"}, "line", []any{"send", "ACC 1\r\nVIRUS A x\r\n"}}, true},
		{"sssp, clean then gone", "sssp:", "{}", []any{[]any{"send", "OK SSSP/1.0\r\n"}, "line", []any{"send", "ACC 1\r\nDONE OK 0\r\n"}}, false},
		{"sssp, strange greeting", "sssp:", "{}", []any{[]any{"send", "HELLO\r\n"}}, false},
		{"savapi, infected then gone", "savapi:", "*", []any{[]any{"send", "100 SAVAPI:3\n"}, "line", []any{"send", "100\n"}, "line", []any{"send", "100\n"}, "line", []any{"send", "100\n"}, "line", []any{"send", "310 A ; x\n"}}, true},
		{"savapi, silent", "savapi:", "*", []any{[]any{"send", "100 SAVAPI:3\n"}, "line", []any{"send", "100\n"}, "line", []any{"send", "100\n"}, "line", []any{"send", "100\n"}, "line"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := t.TempDir()
			d := playDaemon(t, "SOCK0", base, "DIR", [][]any{c.script, c.script, c.script})
			defer d.end()
			e := rules.Scanner{Name: "x", Call: "ask_daemon", Query: []string{c.query}, Sockets: []string{c.proto + filepath.Join(base, "SOCK0")},
				Clean: rules.Outcome{Pattern: re(t, `\bOK\b|^200`)}, Infected: rules.Outcome{Pattern: re(t, `\bFOUND$|^VIRUS|^310`)}}
			v, err := scan(t, &Scanner{Primary: []rules.Scanner{e}}, job(t))
			if c.infected != (err == nil && v.Infected) || !c.infected && err == nil {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

// A Unix socket whose queue is full is waited for, without a try being counted.
func TestFullQueue(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: socket})
	}
	if err == nil {
		err = unix.Listen(fd, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), socket)
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		t.Fatal(err)
	}
	unix.Listen(fd, 1) // FileListener makes it long
	defer l.Close()
	e := clamd(t, socket)
	j := job(t)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			s := &Scanner{Primary: []rules.Scanner{e}, Pause: func(context.Context, time.Duration) { t.Error("a pause") }}
			if _, err := s.Scan(context.Background(), j); err != nil {
				t.Error(err)
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			bufio.NewReader(c).ReadString('\n')
			fmt.Fprint(c, "OK\n")
			c.Close()
		}
	}()
	wg.Wait()
}
