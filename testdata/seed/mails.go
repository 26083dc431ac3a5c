package seed

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
)

// Verdict is what the seed's configuration must make of a sample.
type Verdict string

const (
	Clean     Verdict = "CLEAN"
	Infected  Verdict = "INFECTED"
	Banned    Verdict = "BANNED"
	BadHeader Verdict = "BAD-HEADER"
)

// Mail is one sample: what is sent, and what must come of it.
type Mail struct {
	Name      string
	From, To  string
	Data      []byte // with CRLF line ends
	Verdict   Verdict
	Delivered bool // whether it must reach the next hop
	Held      bool // whether it must lie in quarantine
}

// EICAR is the industry's harmless test virus, put together here so that scanners let this program's source alone.
func EICAR() []byte {
	return []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-` + `STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`)
}

// Mails are the samples, in the order in which they are shown.
func Mails() []Mail {
	const bob, carl = "bob@domain.be", "carl@elsewhere.test"
	alice := "alice@sender.test"
	exe := []byte("not really a program")
	attach := func(head string, data []byte) string {
		return mixed(head + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(data))
	}
	named := func(ctype, name string) string {
		return fmt.Sprintf("Content-Type: %s; name=\"%s\"\r\nContent-Disposition: attachment; filename=\"%s\"", ctype, name, name)
	}
	inner := zipped("eicar.txt", EICAR())
	return []Mail{
		{"clean", alice, bob, message("clean", "hello\r\n"), Clean, true, false},
		{"EICAR attached", alice, bob, message("virus", attach(named("application/octet-stream", "invoice.txt"), EICAR())), Infected, false, true},
		{"EICAR in a zip in a zip", alice, bob, message("virus in zips", attach(named("application/zip", "x.zip"), zipped("inner.zip", inner))), Infected, false, true},
		{"setup.exe", alice, bob, message("program", attach(named("application/octet-stream", "setup.exe"), exe)), Banned, false, true},
		{"résumé.exe, RFC 2231", alice, bob, message("accent 2231", attach("Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.exe", exe)), Banned, false, true},
		{"résumé.exe, RFC 2231 in pieces", alice, bob, message("accent in pieces", attach("Content-Type: application/octet-stream\r\nContent-Disposition: attachment;\r\n filename*0*=iso-8859-1''r%E9su; filename*1*=m%E9.e; filename*2=xe", exe)), Banned, false, true},
		{"résumé.exe, RFC 2047 Q", alice, bob, message("accent 2047 q", attach(named("application/octet-stream", "=?iso-8859-1?Q?r=E9sum=E9.exe?="), exe)), Banned, false, true},
		{"résumé.exe, RFC 2047 B", alice, bob, message("accent 2047 b", attach(named("application/octet-stream", "=?utf-8?B?"+base64.StdEncoding.EncodeToString([]byte("résumé.exe"))+"?="), exe)), Banned, false, true},
		{"résumé.exe, bare UTF-8", alice, bob, message("accent utf-8", attach(named("application/octet-stream", "résumé.exe"), exe)), Banned, false, true},
		{"résumé.exe, bare Latin-1", alice, bob, message("accent latin-1", attach(named("application/octet-stream", "r\xe9sum\xe9.exe"), exe)), Banned, false, true},
		{"bad header (bare Latin-1)", alice, bob, message("caf\xe9", "x\r\n"), BadHeader, true, true},
		{"outgoing, not scanned", bob, carl, message("outgoing", attach(named("application/octet-stream", "notes.txt"), EICAR())), Clean, true, false},
		{"a program in a tar, allowed", alice, bob, message("tar", attach(named("application/x-tar", "tool.tar"), tarred("setup.exe", exe))), Clean, true, false},
	}
}

func message(subject, rest string) []byte {
	id := strings.Map(func(r rune) rune {
		if r < 0x80 && r != ' ' {
			return r
		}
		return '-'
	}, subject)
	head := "From: Alice <alice@sender.test>\r\nTo: somebody <somebody@domain.be>\r\nDate: Mon, 20 Feb 2006 10:00:00 +0100\r\n" +
		"Message-ID: <" + id + "@sender.test>\r\nSubject: " + subject + "\r\n"
	if !strings.HasPrefix(rest, "MIME-Version:") {
		rest = "\r\n" + rest
	}
	return []byte(head + rest)
}

func mixed(part string) string {
	return "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=sample\r\n\r\n--sample\r\nContent-Type: text/plain\r\n\r\n" +
		"see the attachment\r\n--sample\r\n" + part + "\r\n--sample--\r\n"
}

func wrapped(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	return b.String() + text
}

func zipped(name string, data []byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil || z.Close() != nil {
		panic("a zip in memory cannot fail")
	}
	return b.Bytes()
}

func tarred(name string, data []byte) []byte {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))})
	if err == nil {
		_, err = t.Write(data)
	}
	if err != nil || t.Close() != nil {
		panic("a tar in memory cannot fail")
	}
	return b.Bytes()
}
