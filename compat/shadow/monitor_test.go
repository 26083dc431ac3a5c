package shadow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"mavis/compat/rehearse"
	"mavis/compat/rehearse/answer"
	"mavis/compat/rehearse/oldlog"
	"mavis/engine/mail"
	"mavis/engine/spool"
)

func at(sec int) time.Time { return time.Unix(int64(1e9+sec), 0) }

func TestMatcher(t *testing.T) {
	var m matcher
	out := func(id, mailID, sender string, start, end int, rcpts ...string) {
		m.add(passed{Sent: Sent{ID: id, MailID: mailID, Sender: sender, Rcpts: rcpts}, started: at(start), answered: at(end), code: '2', whole: true})
	}
	out("<1@x>", "aaaaaaaaaaaa", "s@x", 2, 3, "bob+spam@y")
	out("<1@x>", "bbbbbbbbbbbb", "s@x", 2, 4, "bob@y") // the same mail once more
	out("<VAaaaaaaaaaaaa@h>", "", "filter@y", 4, 5, "admin@y")
	out("<VAcccccccccccc@h>", "", "filter@y", 4, 5, "admin@y") // about another mail
	out("<1@x>", "dddddddddddd", "s@x", 20, 21, "carl@y")      // too late
	in := Sent{ID: "<1@x>", Sender: "s@x", Rcpts: []string{"bob@y", "carl@y"}}
	mails, notices, blind := m.take(in, "", at(1), at(9))
	if len(mails) != 1 || mails[0].MailID != "aaaaaaaaaaaa" || len(notices) != 1 || notices[0].ID != "<VAaaaaaaaaaaaa@h>" || blind {
		t.Errorf("%+v, %+v, %v", mails, notices, blind)
	}
	if mails, _, _ := m.take(in, "", at(1), at(9)); len(mails) != 1 || mails[0].MailID != "bbbbbbbbbbbb" {
		t.Errorf("the second: %+v", mails)
	}
	if mails, _, _ := m.take(in, "", at(1), at(9)); mails != nil {
		t.Errorf("a third: %+v", mails)
	}
}

func TestCompare(t *testing.T) {
	field := func(s string) mail.Field {
		name, _, _ := strings.Cut(s, ":")
		return mail.Field{Name: name, Raw: []byte(s + "\r\n")}
	}
	in := Sent{Header: []mail.Field{field("Subject: x"), field("X-Old: 1")}}
	ours := &answer.Answer{Passed: "CLEAN", Reply: "250 2.0.0 from MTA(smtp:[1.2.3.4]:25): 250 2.0.0 Ok: queued as NOWHERE",
		Recipients: []answer.Recipient{{Addr: "bob@y", Gets: true, Copy: 1}},
		Copies:     []answer.Copy{{To: []string{"bob@y"}, Edits: []string{"+ X-New: %m", "- X-Old: 1"}}}}
	sent := Sent{Rcpts: []string{"bob@y"}, Header: []mail.Field{field("X-New: <abcdefghijkl>"), field("Subject: x")}}
	good := account{replies: []string{"250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4XYZ"}, sent: []Sent{sent}}
	ours.Copies[0].Edits[0] = "+ X-New: <%m>"
	for name, c := range map[string]struct {
		change func(a *account)
		want   string
	}{
		"the same":          {func(*account) {}, ""},
		"another reply":     {func(a *account) { a.replies = []string{"550 5.7.1 no"} }, "reply"},
		"refused behind":    {func(a *account) { a.replies = []string{"450 4.0.0 later"}; a.sent = nil }, "reply"},
		"nobody gets it":    {func(a *account) { a.sent = nil }, "recipients"},
		"an extension":      {func(a *account) { a.sent[0].Rcpts = []string{"bob+spam@y"} }, "recipients"},
		"a field is kept":   {func(a *account) { a.sent[0].Header = append(a.sent[0].Header, field("X-Old: 1")) }, "header"},
		"body changed":      {func(a *account) { a.sent[0].Body[0] = 1 }, "body"},
		"somebody is told":  {func(a *account) { a.notices = []Sent{{Rcpts: []string{"admin@y"}}} }, "notices"},
		"notices not known": {func(a *account) { a.notices, a.anonymous = []Sent{{Rcpts: []string{"admin@y"}}}, true }, ""},
		"nobody looked":     {func(a *account) { a.sent, a.blind = nil, true }, ""},
	} {
		a := good
		a.sent = append([]Sent{}, sent)
		c.change(&a)
		var got []string
		for _, x := range compare(in, a, ours) {
			got = append(got, x.Aspect)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestCopies feeds a copy of a mail that was delivered, as always_bcc does.
func TestCopies(t *testing.T) {
	sp, err := spool.Open(spool.Options{TempBase: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	logs := &Logs{Patience: 5 * time.Second}
	judged := ""
	records := make(chan *rehearse.Record, 1)
	m := NewMonitor(MonitorOptions{Spool: sp, Logged: logs.Find, Keep: func(r *rehearse.Record) { records <- r },
		Judge: func(_ context.Context, o *Overheard, _ map[string]string) (*answer.Answer, error) {
			raw, err := io.ReadAll(io.NewSectionReader(o.Task.Body(), 0, o.Task.Body().Size()))
			judged = fmt.Sprintf("%s %s %v %s", o.Client.XHelo, o.Envelope.Sender, len(o.Envelope.Rcpts), raw)
			return &answer.Answer{Passed: "CLEAN", Recipients: []answer.Recipient{{Addr: "bob@y", Gets: true}, {Addr: "shadow@s", Gets: true}},
				Copies: []answer.Copy{{Edits: []string{"+ X-Virus-Scanned: amavis", "+ Received: from c.test ([192.0.2.1]) by h (amavis, port 1) with ESMTP id %m; %d"}}}}, err
		}})
	receiver := NewReceiver(sp, m.Heard)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go receiver.Serve(l)
	copied := "Received: from localhost (h [127.0.0.1]) by mx (Postfix) with ESMTP id X; Mon, 20 Feb 2006 10:00:00 +0100\r\n" +
		"X-Virus-Scanned: amavis\r\n" +
		"Received: from c.test ([192.0.2.1]) by h (amavis, port 1) with ESMTP id abcdefghijkl; Mon, 20 Feb 2006 10:00:00 +0100\r\n" +
		"Message-ID: <1@x>\r\nSubject: x\r\n\r\nbody\r\n"
	if err := smtp.SendMail(l.Addr().String(), nil, "s@x", []string{"shadow@s"}, []byte(copied)); err != nil {
		t.Fatal(err)
	}
	logs.add(oldlog.Parse("123-01", "Passed CLEAN {RelayedInbound}, [192.0.2.1] <s@x> -> <bob@y>,<shadow@s>, Message-ID: <1@x>, mail_id: abcdefghijkl, Hits: -, size: 30, 5 ms"))
	r := <-records
	if len(r.Changes) != 1 || r.Changes[0].Aspect != "actions" || r.Finding != "" {
		t.Errorf("%+v", r)
	}
	if want := "c.test s@x 2 Message-ID: <1@x>\r\nSubject: x\r\n\r\nbody\r\n"; judged != want {
		t.Errorf("judged %q, want %q", judged, want)
	}
	l.Close()
	receiver.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	m.Close(ctx)
}

// TestNobodyWaits fills the queue while the judge sleeps: what is too much is counted, and its copies are given back.
func TestNobodyWaits(t *testing.T) {
	sp, err := spool.Open(spool.Options{TempBase: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	go1 := make(chan struct{})
	n := 0
	m := NewMonitor(MonitorOptions{Queue: 2, Keep: func(*rehearse.Record) { n++ },
		Judge: func(ctx context.Context, _ *Overheard, _ map[string]string) (*answer.Answer, error) {
			<-go1
			return nil, errors.New("no")
		}})
	started := time.Now()
	for range 10 {
		task := sp.Task()
		if _, err := task.Body().Write([]byte("Subject: x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		m.Heard(&Overheard{Task: task, Replies: []string{"250 ok"}})
	}
	if d := time.Since(started); d > time.Second {
		t.Errorf("the way of the mail was held up for %v", d)
	}
	dropped := int(m.Dropped())
	close(go1)
	m.Close(t.Context())
	if dropped < 7 || n+dropped != 10 || sp.Used() != 0 {
		t.Errorf("%d dropped, %d judged, %d bytes left", dropped, n, sp.Used())
	}
}
