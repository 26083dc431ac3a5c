package quarantine

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestPassedOn(t *testing.T) {
	const header = "X-Envelope-From: <s@x>\r\nx-envelope-to: <a@x>,\r\n <b@x>\r\nX-Envelope-To-Blocked: <a@x>\r\nX-Envelope-To: theirs\r\nFrom: a\r\n"
	for _, c := range []struct {
		method, sender string
		sent           string // method as passed on
		header         string
		places         []Place
	}{
		{"bsmtp:v-%m-%%.bsmtp", "s@x", "bsmtp:/q/v-ID-%%.bsmtp", "X-Envelope-From: <s@x>\r\nX-Envelope-To: theirs\r\nFrom: a\r\n", []Place{{"B", "/q/v-ID-%.bsmtp"}}},
		{"BSMTP:/abs/%s-%i", "a/../b%m@x", "bsmtp:/abs/a=..=b=m_at_x-20060220T100000", "", []Place{{"B", "/abs/a=..=b=m_at_x-20060220T100000"}}},
		{"bsmtp:%s", "..", "bsmtp:/q/_..", "", []Place{{"B", "/q/_.."}}},
		{"pipe:argv=/bin/keep ${recipient}", "s@x", "pipe:argv=/bin/keep ${recipient}", header, []Place{{"?", "a@x"}, {"?", "b@x"}}},
		{"lmtp:[127.0.0.1]:24", "s@x", "lmtp:[127.0.0.1]:24", header, []Place{{"L", "a@x"}, {"L", "b@x"}}},
	} {
		var sent Mail
		s := Store{Dir: "/q", Send: func(_ context.Context, m Mail) error { sent = m; return nil }}
		m := Mail{Method: c.method, Sender: c.sender, Header: []byte(strings.ReplaceAll(header, "\r\n", "\n")), To: []string{"a@x", "b@x"}, MailID: "ID",
			Received: time.Date(2006, 2, 20, 10, 0, 0, 0, time.UTC)}
		places, err := s.Keep(context.Background(), m)
		if err != nil || !reflect.DeepEqual(places, c.places) || sent.Method != c.sent || c.header != "" && string(sent.Header) != c.header {
			t.Errorf("%s: %v %v, sent by %q\n%s", c.method, places, err, sent.Method, sent.Header)
		}
		s.Send = func(context.Context, Mail) error { return errors.New("no room") }
		if places, err := s.Keep(context.Background(), m); err == nil || places != nil {
			t.Errorf("%s: %v, no error", c.method, places)
		}
		s.Send = nil
		if _, err := s.Keep(context.Background(), m); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v", c.method, err)
		}
	}
	for _, bad := range []string{"bsmtp:", "bsmtp:../x", "bsmtp:a/", "bsmtp:x\x00"} {
		s := Store{Dir: "/q", Send: func(context.Context, Mail) error { return nil }}
		if _, err := s.Keep(context.Background(), Mail{Method: bad}); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
