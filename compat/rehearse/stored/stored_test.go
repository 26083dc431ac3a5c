package stored

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func lay(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// all gives every mail in one line: name, envelope, bytes.
func all(t *testing.T, r *Reader, dir string, asStored bool, sources ...string) []string {
	t.Helper()
	var out []string
	err := r.Each(context.Background(), sources, func(m *Mail) error {
		name := strings.TrimPrefix(m.Name, dir+"/")
		o, err := m.Read(asStored)
		if err != nil {
			out = append(out, name+" error")
			return nil
		}
		defer o.Close()
		raw, err := io.ReadAll(o)
		if err != nil {
			out = append(out, name+" "+err.Error())
			return nil
		}
		e := o.Known.Over(m.Known)
		out = append(out, fmt.Sprintf("%s from=%t:%s to=%v ip=%s id=%s %q", name, e.HasFrom, e.From, e.To, e.ClientIP, e.MailID, raw))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFolders(t *testing.T) {
	dir := t.TempDir()
	lay(t, dir+"/md/cur/1:2,S", "Return-Path: <a@a.test>\nDelivered-To: b@b.test\nSubject: one\n\nx\n")
	lay(t, dir+"/md/new/2", "Subject: two\r\n\r\ny")
	lay(t, dir+"/md/tmp/3", "Subject: half")
	lay(t, dir+"/md/.Sent/cur/4", "X-Original-To: first@b.test\nDelivered-To: second@b.test\n\n")
	lay(t, dir+"/md/dovecot-uidlist", "3 V1")
	for _, sub := range []string{"/md/.Sent/new", "/q/A"} {
		if err := os.MkdirAll(dir+sub, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	held := "Return-Path: <>\nDelivered-To: spam-quarantine\nX-Envelope-From: <\"odd a\"@a.test>\nX-Envelope-To: <b@b.test>,\n <c@b.test>\nX-Envelope-To-Blocked: <b@b.test>\n" +
		"X-Quarantine-ID: <AbcdefghijkZ>\nX-Spam-Flag: YES\nX-Spam-Status: Yes,\n score=9\nReceived: from mx ([192.0.2.7]) by me (Postfix) id 1\nSubject: held\n\nbody\n"
	lay(t, dir+"/q/A/spam-AbcdefghijkZ", held)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	io.WriteString(w, held)
	w.Close()
	lay(t, dir+"/q/A/spam-AbcdefghijkZ.gz", z.String())
	lay(t, dir+"/q/empty", "")
	lay(t, dir+"/q/notes.json", "{}")
	same(t, all(t, &Reader{}, dir, false, dir+"/md"),
		`md/.Sent/cur/4 from=false: to=[first@b.test] ip= id= "\r\n"`,
		`md/cur/1:2,S from=true:a@a.test to=[b@b.test] ip= id= "Subject: one\r\n\r\nx\r\n"`,
		`md/new/2 from=false: to=[] ip= id= "Subject: two\r\n\r\ny\r\n"`)
	body := `"Received: from mx ([192.0.2.7]) by me (Postfix) id 1\r\nSubject: held\r\n\r\nbody\r\n"`
	same(t, all(t, &Reader{}, dir, false, dir+"/q"),
		`q/A/spam-AbcdefghijkZ from=true:"odd a"@a.test to=[b@b.test c@b.test] ip=192.0.2.7 id=AbcdefghijkZ `+body,
		`q/A/spam-AbcdefghijkZ.gz from=true:"odd a"@a.test to=[b@b.test c@b.test] ip=192.0.2.7 id=AbcdefghijkZ `+body,
		`q/empty error`)
	if got := all(t, &Reader{MaxPlain: 50}, dir, true, dir+"/q/A/spam-AbcdefghijkZ.gz"); len(got) != 1 || !strings.HasSuffix(got[0], "error") {
		t.Error(got)
	}
	same(t, all(t, &Reader{Stdin: strings.NewReader(dir + "/q/empty\n\n" + dir + "/nowhere\n")}, dir, false, "-"), "q/empty error", "nowhere error")
}

func TestMailbox(t *testing.T) {
	dir := t.TempDir()
	box := "From a@a.test Sun Nov 22 10:00:00 2026\nSubject: one\n\n>From here\n>>From there\nFrom now on no mail begins\n\nFrom what I heard neither\n\n" +
		"From MAILER-DAEMON Sun Nov 22 10:00:01 2026\nSubject: two\n\n" + strings.Repeat("x", 200000) + "\n\nFrom b@a.test Sun Nov 22 10:00:02 2026\n"
	lay(t, dir+"/box", box)
	long := strings.Repeat("x", 200000)
	same(t, all(t, &Reader{}, dir, false, dir+"/box"),
		`box:1 from=true:a@a.test to=[] ip= id= "Subject: one\r\n\r\nFrom here\r\n>From there\r\nFrom now on no mail begins\r\n\r\nFrom what I heard neither\r\n"`,
		`box:2 from=true: to=[] ip= id= "Subject: two\r\n\r\n`+long+`\r\n"`, `box:3 error`)
	old := all(t, &Reader{OldQuotes: true}, dir, false, dir+"/box")
	if !strings.Contains(old[0], `\r\nFrom here\r\n>>From there`) {
		t.Error(old[0])
	}
}

func TestAdded(t *testing.T) {
	behind := "Return-Path: <a@a.test>\r\nDelivered-To: b@b.test\r\nReceived: from localhost (localhost [127.0.0.1])\r\n\tby mx.b.test (Postfix) with ESMTP id 2\r\n" +
		"X-Virus-Scanned: amavis at b.test\r\nX-Spam-Score: 1\r\nReceived: from mx.b.test ([127.0.0.1])\r\n\tby localhost (mx.b.test [127.0.0.1]) (amavis, port 10024)\r\n\twith ESMTP id AbcdefghijkZ for <b@b.test>; date\r\n"
	own := "Received: from client ([IPv6:2001:db8::1]) by mx.b.test (Postfix) id 1\r\nX-Spam-Flag: forged\r\nSubject: x\r\n\r\n"
	fields, size := Header([]byte(behind + own))
	if size != len(behind+own)-2 || Added(fields) != len(behind) {
		t.Errorf("%d bytes of header, %d added, want %d", size, Added(fields), len(behind))
	}
	e := FromHeader(fields)
	if e.From != "a@a.test" || len(e.To) != 1 || e.MailID != "AbcdefghijkZ" || e.ClientIP != "2001:db8::1" {
		t.Errorf("%+v", e)
	}
	fields, _ = Header([]byte(own))
	if n := Added(fields); n != 0 {
		t.Errorf("%d bytes of a mail that was not filtered count as added", n)
	}
}

func TestEnvelopes(t *testing.T) {
	table := "mail,from,to,client_ip,lmtp,rcpt_params\n1.eml,<>,\"<\"\"a b\"\"@c.d>,e@f.g\",192.0.2.1,1,NOTIFY=NEVER;-\n"
	var got string
	err := Envelopes(strings.NewReader(table), func(mail string, e Envelope) error {
		got = fmt.Sprintf("%s %+v", mail, e)
		return nil
	})
	if want := `1.eml {From: HasFrom:true To:["a b"@c.d e@f.g] MailParams: RcptParams:[NOTIFY=NEVER ] ClientIP:192.0.2.1`; err != nil || !strings.HasPrefix(got, want) {
		t.Errorf("%v %s", err, got)
	}
	for _, bad := range []string{"", "mail,colour\n", "from\n", "mail,from\n\"x"} {
		if err := Envelopes(strings.NewReader(bad), func(string, Envelope) error { return nil }); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func FuzzMailbox(f *testing.F) {
	f.Add([]byte("From a Sun Nov 22 10:00:00 2026\nx\n\nFrom b@c 1:00\n>From\r\n"))
	f.Add([]byte("From \n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "box")
		if err := os.WriteFile(path, append([]byte("From "), raw...), 0o644); err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		err := (&Reader{}).Each(context.Background(), []string{path}, func(m *Mail) error {
			n += m.Size
			o, err := m.Read(false)
			if err != nil {
				return nil
			}
			_, err = io.Copy(io.Discard, o)
			o.Close()
			return err
		})
		if err != nil || n > int64(len(raw))+5 {
			t.Fatalf("%v, %d bytes of mails in %d", err, n, len(raw)+5)
		}
	})
}
