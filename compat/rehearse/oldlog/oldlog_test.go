package oldlog

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// The lines are as the stock templates of 2.3 to 2.13 write them: of a log file, of syslog, in pieces.
var lines = []struct{ line, want string }{
	{`Nov 22 21:42:33 mail.example.com /usr/sbin/amavisd[22709]: (22709-01) Passed BAD-HEADER-2 {RelayedInbound,Quarantined}, [127.0.0.1] <alice@sender.test> -> <bob@example.com>, quarantine: badh-ArLd5hhj98MG, Message-ID: <badh@sender.test>, mail_id: ArLd5hhj98MG, Hits: -0.001, size: 165, queued_as: SINKQUEUEID, 504 ms`,
		`22709-01 passed BAD-HEADER-2 [] [RelayedInbound Quarantined] alice@sender.test [bob@example.com] <badh@sender.test> ArLd5hhj98MG [badh-ArLd5hhj98MG] -0.001 165`},
	{`Nov 22 21:42:33 mail.example.com /usr/sbin/amavisd[22709]: (22709-01) Passed BAD-HEADER, <alice@sender.test> -> <bob@example.com>, Hits: -0.001, tag=-999, tag2=6.2, kill=6.9, queued_as: SINKQUEUEID, L/Y/0/0`, ``},
	{`2026-11-22T21:42:45.1+00:00 mx amavis[9]: (00009-05-2) Blocked BANNED (multipart/mixed | application/octet-stream,.exe,a (1).exe) {BouncedInbound,Quarantined}, MYNETS LOCAL [192.0.2.1]:40000 [198.51.100.2] <"odd > one"@a.test> -> <b@b.test>,<"c d"@b.test>, quarantine: banned-X, Queue-ID: 4ABC, Message-ID: <m@a>, mail_id: IB7-uNpAR4B4, Hits: -, size: 492, 99 ms`,
		`00009-05-2 blocked BANNED [multipart/mixed | application/octet-stream .exe a (1).exe] [BouncedInbound Quarantined] "odd > one"@a.test [b@b.test "c d"@b.test] <m@a> IB7-uNpAR4B4 [banned-X] - 492`},
	{`Mar  1 10:00:00 mx amavis[1]: (01234-11) Blocked INFECTED (Eicar-Test-Signature, Other), [192.0.2.1] [192.0.2.1] <a@a.test> -> <b@b.test>, quarantine: virus-x, Message-ID: <m@a>, mail_id: abcdefghijkl, Hits: -, size: 700, 99 ms`,
		`01234-11 blocked INFECTED [Eicar-Test-Signature  Other] [] a@a.test [b@b.test] <m@a> abcdefghijkl [virus-x] - 700`},
	{`Mar  1 10:00:00 mx amavis[1]: (01234-12) Passed CLEAN, [192.0.2.1] [192.0.2.1] <> -> <b@b.test>, Message-ID: <m@a>, Resent-Message-ID: <r@a>, mail_id: abcdefghijkl, Hits: 3.4, queued_as: 1F, 99 ms`,
		`01234-12 passed CLEAN [] []  [b@b.test] <m@a> abcdefghijkl [] 3.4 0`},
	{`Mar  1 10:00:00 mx amavis[1]: (01234-13) Passed, <a@a.test> -> <b@b.test>, Message-ID: <m@a>, Hits: -`,
		`01234-13 passed  [] [] a@a.test [b@b.test] <m@a>  [] - 0`},
	{`Mar  1 10:00:00 mx amavis[1]: (01234-14) Passed CLEAN {RelayedInbound}, [192.0.2.1] <a@a.test> -> <b@...`, ``},
	{`Mar  1 10:00:00 mx amavis[1]: (01234-15) something else`, ``},
	{`Mar  1 10:00:00 mx amavis[1]: (01234-14) ...b.test>, Message-ID: <m@a>, mail_id: abcdefghijkl, Hits: 0.1, siz...`, ``},
	{`Mar  1 10:00:00 mx amavis[1]: (01234-14) ...e: 5, queued_as: 1F, 99 ms`,
		`01234-14 passed CLEAN [] [RelayedInbound] a@a.test [b@b.test] <m@a> abcdefghijkl [] 0.1 5`},
	{`Mar  1 10:00:00 mx amavis[1]: (01234-16) (!!)TROUBLE in check_mail: quar+notif FAILED: no`, ``},
	{`Mar  1 10:00:00 mx postfix/smtpd[1]: Passed CLEAN, <a> -> <b>`, ``},
	{`Mar  1 10:00:00 mx amavis[1]: (01234-17) Blocked INFECTED (no end`, ``},
}

func show(l *Line) string {
	way, score := "passed", "-"
	if l.Blocked {
		way = "blocked"
	}
	if l.Score != nil {
		score = fmt.Sprint(*l.Score)
	}
	return fmt.Sprintf("%s %s %s %v %v %s %v %s %s %v %s %d", l.LogID, way, l.Word, l.Names, l.Actions, l.Sender, l.Rcpts, l.MessageID, l.MailID, l.Quarantine, score, l.Size)
}

func TestLines(t *testing.T) {
	r := New(strings.NewReader(""))
	for _, c := range lines {
		got := ""
		if l := r.line(c.line); l != nil {
			got = show(l)
		}
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.line, got, c.want)
		}
	}
	if r.Troubles != 1 || len(r.pending) != 0 {
		t.Errorf("%d troubles, %d pending", r.Troubles, len(r.pending))
	}
}

func TestTwoLinesOfOneMail(t *testing.T) {
	log := `x: (1234-15) Passed MTA-BLOCKED {BouncedInbound,RelayedInbound}, [127.0.0.1] <a@a> -> <b@b>, Message-ID: <1@A>, mail_id: OxUKS5T4qsYA, Hits: -, size: 204, 928 ms
x: (999-9) Passed CLEAN {RelayedInbound}, [127.0.0.1] <a@a> -> <b@b>, mail_id: 9xUKS5T4qsYA, Hits: -, size: 77, 928 ms
x: (1234-15) Blocked MTA-BLOCKED {BouncedInbound,RelayedInbound}, [127.0.0.1] <a@a> -> <c@b>, Message-ID: <1@A>, mail_id: OxUKS5T4qsYA, Hits: -, size: 204, 928 ms
` + strings.Repeat("y", 3*maxLine) + "\nx: (1234-16) Passed CLEAN {RelayedInbound}, [127.0.0.1] <a@a> -> <b@b>, Message-ID: <1@A>, mail_id: PxUKS5T4qsYA, Hits: -, size: 204, 9 ms"
	var got []string
	_, err := Each(strings.NewReader(log), func(p *Past) error {
		got = append(got, fmt.Sprintf("%s %s %d", p.Key(), p.Answer.Verdict(), len(p.Answer.Recipients)))
		return nil
	})
	want := []string{"<1@a> Passed MTA-BLOCKED, Blocked MTA-BLOCKED 2", "77 a@a b@b Passed CLEAN 1", "<1@a> Passed CLEAN 1"}
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%v %q", err, got)
	}
}

func FuzzLine(f *testing.F) {
	for _, c := range lines {
		f.Add(c.line)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := New(strings.NewReader(s))
		for {
			if _, err := r.Next(); err != nil {
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				return
			}
		}
	})
}
