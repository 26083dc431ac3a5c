package mangle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mavis/compat/header"
	"mavis/engine/mail"
	"mavis/rules"
)

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		kind             string
		altermime, anomy bool
		want             Way
	}{
		{"1", true, false, Program}, {"1", false, false, Wrap}, {"1", true, true, Wrap}, {"attach", true, false, Wrap},
		{"ATTACH", true, false, Wrap}, {"other", true, false, Program}, {"disclaimer", false, false, Program},
		{"Disclaimer", true, true, Program}, {"altermime", false, false, Program}, {"anomy", true, false, Wrap},
		{"null", true, false, Pretend}, {"NullDisclaimer", false, true, Pretend},
	} {
		if got := Choose(c.kind, c.altermime, c.anomy); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestSubject compares with testdata/subjects.json, which testdata/subjects.pl wrote with MIME::Tools.
func TestSubject(t *testing.T) {
	b, err := os.ReadFile("testdata/subjects.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct{ In, Out string }
	if err := json.Unmarshal(latin1(b), &all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if got := foldSubject(octets(c.In)); got+"\n" != octets(c.Out) {
			t.Errorf("%q:\n%q, want\n%q", c.In, got, c.Out)
		}
	}
}

// latin1 makes UTF-8 of Latin-1, octets the other way round.
func latin1(b []byte) []byte {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return []byte(string(r))
}

func octets(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

func TestExplain(t *testing.T) {
	f := Findings{Viruses: []string{"A", "B"}, Hold: strings.Repeat("h", 90), Undecipherable: true, SpamSummary: "\none\n\ntwo\n\n",
		BadHeaders: []string{strings.Repeat("b ", 700)}}
	got := Explain([]rules.CCat{{Major: rules.Virus}, {Major: rules.Banned}, {Major: rules.Unchecked}, {Major: rules.Spam},
		{Major: rules.Spammy}, {Major: rules.Oversized}, {Major: rules.Clean}}, f)
	want := []string{"WARNING: contains virus A, B", got[1],
		"WARNING: NOT CHECKED FOR VIRUSES (mail bomb?):\n  " + strings.Repeat("h", 48) + "...", "", "one", "", "two", "WARNING: oversized"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	f.Hold = ""
	if got := Explain([]rules.CCat{{Major: rules.Unchecked}}, f); len(got) != 1 || got[0] != "WARNING: contains undecipherable part" {
		t.Error(got)
	}
	bad := strings.Join(Explain([]rules.CCat{{Major: rules.BadHeader}}, f), "")
	if len(bad) > 1100 || !strings.HasSuffix(bad, "...") {
		t.Errorf("%d octets of bad headers", len(bad))
	}
}

func message(text string) *mail.Message {
	m := &mail.Message{Body: io.NewSectionReader(strings.NewReader(text), 0, int64(len(text)))}
	if err := readHeader(m); err != nil {
		panic(err)
	}
	return m
}

func TestWrap(t *testing.T) {
	for _, text := range []string{"From: a\r\nSubject: s\r\n\r\nbody\r\n", "From: a\r\n\r\nno line end", "Subject: s\r\n", "\r\nx\r\n", ""} {
		m := message(text)
		w := Wrapping{Warnings: []string{"WARNING: x\r\x00"}, Boundary: "=_b", ReturnPath: "<s@x>", EightBit: true, Global: true}
		var e header.Edits
		if fields := w.Header(m.Header, &e); len(fields) < 3 || fields[0].Name != "Content-Type" {
			t.Errorf("fields %+v", fields)
		}
		b, err := w.Body(m)
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(io.NewSectionReader(b, 0, b.Size()), all); err != nil {
			t.Error(err)
		}
		for _, want := range []string{"\r\n\r\nWARNING: x\xc0\x80\r\n\r\n--=_b\r\n", "Content-Type: message/global; x-spam-type=original",
			"Return-Path: <s@x>\r\n" + text} {
			if !strings.Contains(string(all), want) {
				t.Errorf("no %q in\n%s", want, all)
			}
		}
		if !strings.HasSuffix(string(all), "\n\r\n--=_b--\r\n") {
			t.Errorf("end of %q", all)
		}
	}
}

// broken is a body that cannot be read.
type broken struct{ mail.Body }

func (broken) ReadAt([]byte, int64) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestWrapUnreadable(t *testing.T) {
	m := message("From: a\r\n\r\nbody\r\n")
	m.Body = broken{m.Body}
	if _, err := (Wrapping{}).Body(m); err == nil {
		t.Error("no error")
	}
}

func TestContains(t *testing.T) {
	for _, c := range []struct {
		text string
		want bool
	}{{"", false}, {"=_b", true}, {strings.Repeat("x", 64<<10-2) + "=_b", true}, {strings.Repeat("x", 200<<10) + "=_b.", true},
		{strings.Repeat("=_", 100<<10), false}} {
		got, err := Contains(message(c.text).Body, "=_b")
		if err != nil || got != c.want {
			t.Errorf("%d octets: %v %v", len(c.text), got, err)
		}
	}
	if _, err := Contains(broken{message("x").Body}, "x"); err == nil {
		t.Error("no error")
	}
}

func TestLongBoundary(t *testing.T) {
	w := Wrapping{Boundary: strings.Repeat("=", 60)}
	if got := string(w.Header(nil, &header.Edits{})[0].Raw); !strings.Contains(got, "mixed;\r\n boundary=") {
		t.Errorf("%q", got)
	}
}

// script writes a program for altermime's place.
func script(t *testing.T, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(p, []byte("#!/bin/sh\nf=${1#--input=}\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAltermime(t *testing.T) {
	const text = "From: a\r\nX: y\r\n\tz\r\n\r\nbody\r\n"
	for _, c := range []struct{ name, program, want string }{
		{"nothing", ":", text},
		{"more", `echo end >> "$f"`, text + "end\r\n"},
		{"without a header", `echo body > "$f"`, "body\r\n"},
		{"arguments", `echo "$2$3" > "$f"`, "--a b=c\r\n"},
		{"where", `test "$PWD" = "$(dirname "$f")" && touch "$f.tmp"`, text},
		{"unix lines", `grep -q "$(printf '\r')" "$f" && exit 1; exit 0`, text},
		{"fails", "exit 1", ""}, {"is killed", "kill -9 $$", ""}, {"removes", `rm "$f"`, ""}, {"empties", `: > "$f"`, ""},
		{"links", `rm "$f"; ln -s /etc/passwd "$f"`, ""}, {"hangs", "sleep 60", ""}, {"talks", "yes", ""},
		{"hangs with children", "sleep 60 & wait", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			a := Altermime{Command: []string{script(t, c.program)}, Args: []string{"--a b", "=c"}, Dir: dir, Path: "/usr/bin:/bin", Timeout: time.Second}
			got, err := a.Run(context.Background(), message(text))
			if c.want == "" {
				if !errors.Is(err, ErrProgram) {
					t.Errorf("error %v", err)
				}
			} else if err != nil {
				t.Fatal(err)
			} else {
				all, err := io.ReadAll(io.NewSectionReader(got.Body, 0, got.Body.Size()))
				if err != nil || string(all) != c.want {
					t.Errorf("%q %v, want %q", all, err, c.want)
				}
				if c.want == text && (len(got.Header) != 2 || got.HeaderSize != 21 || got.Header[1].Name != "X") {
					t.Errorf("header %q, %d bytes", got.Header, got.HeaderSize)
				}
				if err := got.Close(); err != nil {
					t.Error(err)
				}
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}

// TestHostTrouble tells trouble of this host, which must defer the mail, from that of the program.
func TestHostTrouble(t *testing.T) {
	m := message("From: a\r\n\r\nbody\r\n")
	fine := Altermime{Command: []string{script(t, ":")}, Dir: t.TempDir()}
	gone := fine
	gone.Dir += "/gone"
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	bad := *m
	bad.Body = broken{m.Body}
	for name, run := range map[string]func() (*Altered, error){
		"no folder":  func() (*Altered, error) { return gone.Run(context.Background(), m) },
		"cancelled":  func() (*Altered, error) { return fine.Run(ctx, m) },
		"unreadable": func() (*Altered, error) { return fine.Run(context.Background(), &bad) },
	} {
		if _, err := run(); err == nil || errors.Is(err, ErrProgram) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (Altermime{Dir: t.TempDir()}).Run(context.Background(), m); !errors.Is(err, ErrProgram) {
		t.Errorf("no program: %v", err)
	}
}

func FuzzLines(f *testing.F) {
	for _, s := range []string{"", "a\r\nb\n\rc\r\r\n\n", strings.Repeat("x", 64<<10-1) + "\r\n\r\n", strings.Repeat("\r", 130<<10) + "\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var unix, back bytes.Buffer
		if err := unixLines(&unix, bytes.NewReader(in)); err != nil {
			t.Fatal(err)
		}
		if want := bytes.ReplaceAll(in, []byte("\r\n"), []byte("\n")); !bytes.Equal(unix.Bytes(), want) {
			t.Fatalf("%q gave %q", in, unix.Bytes())
		}
		if err := smtpLines(&back, bytes.NewReader(in)); err != nil {
			t.Fatal(err)
		}
		want := bytes.ReplaceAll(bytes.ReplaceAll(in, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		if !bytes.Equal(back.Bytes(), want) {
			t.Fatalf("%q gave %q", in, back.Bytes())
		}
	})
}
