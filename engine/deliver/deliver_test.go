package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hopCase is a case of testdata/hops.json, see record.py there.
type hopCase struct {
	Keywords *[]string         `json:"keywords"`
	Replies  map[string]string `json:"replies"`
	Limit    int               `json:"limit"`
	XForward string            `json:"xforward"`
	Mail     string            `json:"mail"`
	Rcpts    []string          `json:"rcpts"`
	Data     string            `json:"data"`
	LHLO     bool              `json:"lhlo"`
	Down     bool              `json:"down"`
	Front    []string          `json:"front"`
	Hop      []string          `json:"hop"`
}

// outgoing is what an engine makes of the mail of a case.
func (c *hopCase) outgoing() *Outgoing {
	data := c.Data
	if data == "" {
		data = "Subject: x\r\n\r\nbody\r\n"
	}
	raw := make([]byte, 0, len(data))
	for _, r := range data { // Latin-1
		raw = append(raw, byte(r))
	}
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	m := &Outgoing{
		Header: append(slices.Clone(head), "\r\n\r\n"...), Body: bytes.NewReader(body), BodySize: int64(len(body)),
		Octets: Original, PerRecipient: c.LHLO, LogID: "ID", XForward: map[string]string{"ADDR": "127.0.0.1"},
		Params: Params{BodyType: "7BIT"}, // that is what the original finds
	}
	if c.XForward != "" {
		m.XForward = map[string]string{}
		for w := range strings.FieldsSeq(c.XForward) {
			k, v, _ := strings.Cut(w, "=")
			m.XForward[k] = strings.ReplaceAll(v, "+2B", "+")
		}
	}
	mail := c.Mail
	if mail == "" {
		mail = "<a@b.test>"
	}
	words := strings.Fields(mail)
	m.Sender = strings.Trim(words[0], "<>")
	for _, w := range words[1:] {
		switch k, v, _ := strings.Cut(w, "="); k {
		case "RET":
			m.Params.Ret = v
		case "ENVID":
			m.Params.EnvID = v
		case "SMTPUTF8":
			m.Params.SMTPUTF8 = true
		}
	}
	rcpts := c.Rcpts
	if rcpts == nil {
		rcpts = []string{"<bob@example.com>"}
	}
	for _, s := range rcpts {
		path, params, _ := strings.Cut(s, "> ")
		r := Rcpt{Addr: strings.Trim(path, "<>")}
		if r.Addr == `"plain"@example.com` { // needless quotes go, and the original address is kept
			r.Addr, r.ORcpt = "plain@example.com", `rfc822;"plain"@example.com`
		}
		for w := range strings.FieldsSeq(params) {
			switch k, v, _ := strings.Cut(w, "="); k {
			case "NOTIFY":
				r.Notify = strings.Split(v, ",")
			case "ORCPT":
				r.ORcpt = v
			}
		}
		m.Rcpts = append(m.Rcpts, r)
	}
	return m
}

// TestHops repeats what testdata/record.py recorded of the original.
func TestHops(t *testing.T) {
	text, err := os.ReadFile("testdata/hops.json")
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]hopCase{}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHop(t, c)
			if c.Down {
				_ = h.l.Close()
			}
			client := New(Options{Timeout: func(Stage) time.Duration { return 5 * time.Second }})
			defer client.Close()
			m := c.outgoing()
			m.Once = true // as it was recorded
			res, err := client.Deliver(context.Background(), []string{h.method()}, m)
			if err != nil {
				t.Fatal(err)
			}
			_ = h.l.Close()
			h.cutAll()
			h.wg.Wait()
			if got, want := comparable(h.log), comparable(c.Hop); !slices.Equal(got, want) {
				t.Errorf("next hop heard\n %q\nwant\n %q", got, want)
			}
			checkFront(t, h, &c, res)
		})
	}
}

// comparable drops what depends on chance: order of parameters, QUIT or not, when a connection was seen to end.
func comparable(log []string) (out []string) {
	for _, l := range log {
		if l == "QUIT" || l == "*closed*" {
			continue
		}
		if strings.HasPrefix(l, "MAIL") || strings.HasPrefix(l, "RCPT") {
			head, params, _ := strings.Cut(l, "> ")
			w := strings.Fields(params)
			slices.Sort(w)
			l = head + "> " + strings.Join(w, " ")
		}
		out = append(out, l)
	}
	return out
}

// checkFront holds the outcomes against what the original told its client.
func checkFront(t *testing.T, h *hop, c *hopCase, res *Result) {
	t.Helper()
	for i, front := range c.Front {
		_, port, _ := net.SplitHostPort(h.l.Addr().String())
		front = strings.ReplaceAll(front, "21023", port)
		o := res.Outcomes[i]
		if strings.Contains(front, "but 1 REJECT") {
			if !res.Outcomes[0].Accepted() || res.Outcomes[1].Code/100 != 5 {
				t.Errorf("outcomes %+v", res.Outcomes)
			}
			continue
		}
		if fmt.Sprint(o.Code) != front[:3] && !strings.Contains(front, "Bail out") {
			t.Errorf("recipient %d: %+v, the original says %s", i, o, front)
		}
		switch {
		case strings.Contains(front, "dt: "), strings.Contains(front, " at /"), strings.Contains(front, "No resp. to"):
		case strings.Contains(front, "from MTA("):
			shown := strings.ReplaceAll(o.Answer, "\t", `\t`)
			if o.Own || !strings.Contains(front, shown) && !strings.Contains(shown, "\n") {
				t.Errorf("answer %q, the original says %s", o.Answer, front)
			}
			if !strings.Contains(front, "from MTA("+o.Target+")") {
				t.Errorf("target %q, the original says %s", o.Target, front)
			}
		case o.Own && !strings.Contains(front, o.Text):
			t.Errorf("text %q, the original says %s", o.Text, front)
		}
	}
	for _, o := range res.Outcomes {
		if o.Code == 0 {
			t.Errorf("no outcome for %s", o.Addr)
		}
	}
}

func TestParseMethod(t *testing.T) {
	for in, want := range map[string]Target{
		"smtp:[127.0.0.1]:10025":                  {Protocol: "smtp", Host: "127.0.0.1", Port: "10025"},
		"SMTP:host.test:25":                       {Protocol: "smtp", Host: "host.test", Port: "25"},
		"smtp:[::1]:10025":                        {Protocol: "smtp", Host: "::1", Port: "10025"},
		"smtp:*:*":                                {Protocol: "smtp", Host: "*", Port: "*"},
		"lmtp:/var/run/lmtp":                      {Protocol: "lmtp", Path: "/var/run/lmtp"},
		"smtp:[127.0.0.1]:10025,a=b,c":            {Protocol: "smtp", Host: "127.0.0.1", Port: "10025", Options: map[string]string{"a": "b", "c": ""}},
		"smtp:h:25:more":                          {Protocol: "smtp", Host: "h", Port: "25"},
		"pipe:flags=q argv=/bin/cat -f ${sender}": {Protocol: "pipe", Args: []string{"/bin/cat", "-f", "${sender}"}},
		"bsmtp:x-%m":                              {Protocol: "bsmtp", Path: "x-%m"},
		"local:spam-%m.gz":                        {Protocol: "local", Path: "spam-%m.gz"},
		"discard:":                                {Protocol: "discard"},
	} {
		got, err := ParseMethod(in)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprint(got.Options) != fmt.Sprint(want.Options) {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "smtp", "smtp:", "smtp:h", "smtp:h:0", "smtp:h:99999", "smtp:h:x", "smtp:[h", "smtp:[h]", "smtp::25", "foo:x", "pipe:"} {
		if got, err := ParseMethod(in); err == nil {
			t.Errorf("%q was taken as %+v", in, got)
		}
	}
}

func TestWindows(t *testing.T) {
	h := newHop(t, hopCase{Limit: 250})
	client := New(Options{})
	defer client.Close()
	m := (&hopCase{}).outgoing()
	m.Rcpts = nil
	for i := range 1000 {
		m.Rcpts = append(m.Rcpts, Rcpt{Addr: fmt.Sprintf("r%d@example.com", i)})
	}
	res, err := client.Deliver(context.Background(), []string{h.method()}, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range res.Outcomes {
		if !o.Accepted() {
			t.Fatalf("%+v", o)
		}
	}
	if n := len(h.taken()); n != 4 || h.connections() != 1 || res.Transactions != 4 {
		t.Errorf("%d transactions, %d connections", n, h.connections())
	}
}

func TestCacheAndStale(t *testing.T) {
	h := newHop(t, hopCase{})
	client := New(Options{})
	defer client.Close()
	send := func() *Result {
		t.Helper()
		res, err := client.Deliver(context.Background(), []string{h.method()}, (&hopCase{}).outgoing())
		if err != nil || !res.Outcomes[0].Accepted() {
			t.Fatalf("%+v %v", res, err)
		}
		return res
	}
	send()
	if res := send(); res.Connections != 0 || h.connections() != 1 {
		t.Errorf("connection not used again: %d", h.connections())
	}
	h.cutAll()
	if res := send(); res.Connections != 1 {
		t.Errorf("after the cut: %+v", res)
	}
	if n := len(h.taken()); n != 3 {
		t.Errorf("%d mails delivered, sent 3", n)
	}
	// A server that says 421 to the first command on an idle connection.
	h.mu.Lock()
	h.script = hopCase{Replies: map[string]string{"MAIL FROM:<again": "421 4.4.2 idle"}}
	h.mu.Unlock()
	h.cutAll()
	send()
	m := (&hopCase{}).outgoing()
	m.Sender = "again@b.test"
	res, err := client.Deliver(context.Background(), []string{h.method()}, m)
	if err != nil || res.Outcomes[0].Code != 421 || res.Connections != 1 {
		t.Errorf("421 on a fresh connection is an answer: %+v %v", res, err)
	}
}

// Each worker has connections of its own, until it retires.
func TestWorkers(t *testing.T) {
	h := newHop(t, hopCase{})
	client := New(Options{})
	defer client.Close()
	for i, c := range []struct {
		worker int
		once   bool
		made   int // connections
	}{{1, false, 1}, {2, false, 1}, {1, false, 0}, {1, true, 0}, {1, false, 1}, {2, false, 0}} {
		m := (&hopCase{}).outgoing()
		m.Worker, m.Once = c.worker, c.once
		res, err := client.Deliver(context.Background(), []string{h.method()}, m)
		if err != nil || res.Connections != c.made {
			t.Errorf("%d: %+v %v", i, res, err)
		}
	}
	client.Retire(1)
	m := (&hopCase{}).outgoing()
	m.Worker = 1
	if res, err := client.Deliver(context.Background(), []string{h.method()}, m); err != nil || res.Connections != 1 {
		t.Errorf("retired: %+v %v", res, err)
	}
}

// A next hop that learned SMTPUTF8 since the connection was made is asked anew before a mail is refused.
func TestKeywordsOfAKeptConnection(t *testing.T) {
	h := newHop(t, hopCase{Keywords: &[]string{"PIPELINING"}})
	client := New(Options{})
	defer client.Close()
	for i, c := range []hopCase{{}, {Mail: "<\u00e9@b.test> SMTPUTF8"}, {}, {Mail: "<a@b.test> SMTPUTF8", Rcpts: []string{"<\u00fc@b.test>"}}} {
		h.mu.Lock()
		if h.script.Keywords = nil; i%2 == 0 {
			h.script.Keywords = &[]string{"PIPELINING"}
		}
		h.mu.Unlock()
		if i == 2 {
			h.cutAll()
		}
		res, err := client.Deliver(context.Background(), []string{h.method()}, c.outgoing())
		if err != nil || !res.Outcomes[0].Accepted() {
			t.Errorf("%d: %+v %v", i, res, err)
		}
	}
}

func TestLostBehindTheDot(t *testing.T) {
	h := newHop(t, hopCase{})
	client := New(Options{})
	defer client.Close()
	m := (&hopCase{}).outgoing()
	if _, err := client.Deliver(context.Background(), []string{h.method()}, m); err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	h.script = hopCase{Replies: map[string]string{".": "drop"}}
	h.mu.Unlock()
	h.cutAll()
	for range 2 { // on a fresh connection, and not tried again
		h.taken()
		res, err := client.Deliver(context.Background(), []string{h.method()}, m)
		if err != nil || res.Outcomes[0].Code != 451 || res.Outcomes[0].Stage != DataDot {
			t.Errorf("%+v %v", res, err)
		}
		if n := len(h.taken()); n != 1 {
			t.Errorf("sent %d times", n)
		}
	}
}

func TestFailover(t *testing.T) {
	down := newHop(t, hopCase{})
	_ = down.l.Close()
	busy := newHop(t, hopCase{Replies: map[string]string{"CONNECT": "421 4.3.2 busy"}})
	good := newHop(t, hopCase{})
	client := New(Options{Pick: func(int) int { return 0 }})
	defer client.Close()
	res, err := client.Deliver(context.Background(), []string{down.method(), busy.method(), good.method()}, (&hopCase{}).outgoing())
	if err != nil || !res.Outcomes[0].Accepted() || res.Outcomes[0].Target != good.method() {
		t.Errorf("%+v %v", res, err)
	}
}

func TestDeadlines(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	method := fmt.Sprintf("smtp:[127.0.0.1]:%d", l.Addr().(*net.TCPAddr).Port) // accepts by the kernel, says nothing
	client := New(Options{Timeout: func(Stage) time.Duration { return 100 * time.Millisecond }})
	defer client.Close()
	start := time.Now()
	res, err := client.Deliver(context.Background(), []string{method}, (&hopCase{}).outgoing())
	if err != nil || res.Outcomes[0].Code != 450 || res.Outcomes[0].Enhanced != "4.4.2" || time.Since(start) > 3*time.Second {
		t.Errorf("%+v %v", res, err)
	}
	slow := New(Options{})
	defer slow.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	res, err = slow.Deliver(ctx, []string{method}, (&hopCase{}).outgoing())
	if err != nil || res.Outcomes[0].Code/100 != 4 || time.Since(start) > 3*time.Second {
		t.Errorf("%+v %v", res, err)
	}
}

func TestUnixAndLMTP(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	h := hopOn(t, l, hopCase{})
	h.lmtp = true
	client := New(Options{})
	defer client.Close()
	m := (&hopCase{Rcpts: []string{"<a@b.test>", "<a@b.test>", "<c@b.test>"}}).outgoing()
	res, err := client.Deliver(context.Background(), []string{h.method()}, m)
	if err != nil || len(res.Outcomes) != 3 {
		t.Fatal(res, err)
	}
	for _, o := range res.Outcomes {
		if !o.Accepted() || o.Target != h.method() {
			t.Errorf("%+v", o)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.log[0] != "LHLO localhost" {
		t.Error(h.log[0])
	}
}

func TestPipeAndBSMTP(t *testing.T) {
	dir := t.TempDir()
	client := New(Options{Folder: dir})
	defer client.Close()
	c := hopCase{Data: "Subject: x\r\n\r\n.dot\r\nlast", Rcpts: []string{"<a@b.test>", "<c@b.test>"}}
	for exit, code := range map[int]int{0: 250, 75: 450, 67: 554, 69: 554, 1: 451} {
		script := filepath.Join(dir, fmt.Sprintf("sendmail%d", exit))
		text := fmt.Sprintf("#!/bin/sh\necho \"$@\" >%s/args\ncat >%s/in\nexit %d\n", dir, dir, exit)
		if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		res, err := client.Deliver(context.Background(), []string{"pipe:argv=" + script + " -f ${sender} -- ${recipient}"}, c.outgoing())
		if err != nil || res.Outcomes[0].Code != code || res.Outcomes[1].Code != code {
			t.Errorf("exit %d: %+v %v", exit, res, err)
		}
		in, _ := os.ReadFile(dir + "/in")
		args, _ := os.ReadFile(dir + "/args")
		if string(in) != "Subject: x\n\n.dot\nlast" || string(args) != "-f a@b.test -- a@b.test c@b.test\n" {
			t.Errorf("command got %q %q", in, args)
		}
	}
	m := c.outgoing()
	m.MailID = "abc"
	for i, code := range []int{250, 451} {
		if i == 1 {
			if err := os.WriteFile(dir+"/b-abc.tmp", nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		res, err := client.Deliver(context.Background(), []string{"bsmtp:b-%m"}, m)
		if err != nil || res.Outcomes[0].Code != code {
			t.Errorf("%+v %v", res, err)
		}
	}
	got, _ := os.ReadFile(dir + "/b-abc")
	want := "EHLO localhost\nMAIL FROM:<a@b.test> BODY=7BIT\nRCPT TO:<a@b.test>\nRCPT TO:<c@b.test>\nDATA\nSubject: x\n\n..dot\nlast\n.\n"
	if string(got) != want {
		t.Errorf("batch file %q", got)
	}
}

func TestTooManyHops(t *testing.T) {
	client := New(Options{})
	m := (&hopCase{}).outgoing()
	m.Header = append(bytes.Repeat([]byte("Received: x\r\n"), 101), "\r\n"...)
	res, err := client.Deliver(context.Background(), []string{"smtp:[127.0.0.1]:1"}, m)
	if err != nil || res.Outcomes[0].Answer != "554 5.4.6 Reject: Too many hops: 101 'Received:' header fields, id=ID" {
		t.Errorf("%+v %v", res, err)
	}
}

// A batch file whose name is taken is another mail.
func TestBSMTPNameTaken(t *testing.T) {
	dir := t.TempDir()
	client := New(Options{Folder: dir})
	defer client.Close()
	for n, code := range []int{250, 451} {
		m := &Outgoing{Sender: "s@x", Rcpts: []Rcpt{{Addr: "r@x"}}, Header: []byte(fmt.Sprintf("Subject: %d\r\n\r\n", n))}
		res, err := client.Deliver(context.Background(), []string{"bsmtp:held"}, m)
		if err != nil || res.Outcomes[0].Code != code {
			t.Fatalf("%+v, %v; want %d", res, err, code)
		}
	}
	got, err := os.ReadFile(filepath.Join(dir, "held"))
	if err != nil || !strings.Contains(string(got), "Subject: 0") {
		t.Errorf("%q, %v", got, err)
	}
	if left, err := filepath.Glob(dir + "/*.tmp"); err != nil || len(left) > 0 {
		t.Errorf("left: %q %v", left, err)
	}
}

// A next hop that never ends its greeting costs bounded memory.
func TestEndlessGreeting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sent := make(chan int, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		n := 0
		for ; n < 64<<20; n += 8000 {
			if _, err := io.WriteString(c, strings.Repeat("220-x\r\n", 1000)); err != nil {
				break
			}
		}
		sent <- n
	}()
	client := New(Options{})
	defer client.Close()
	res, err := client.Deliver(context.Background(), []string{"smtp:[127.0.0.1]:" + port(l)}, &Outgoing{Sender: "s@x", Rcpts: []Rcpt{{Addr: "r@x"}}})
	if err != nil || res.Outcomes[0].Code != 451 {
		t.Fatalf("%+v, %v", res, err)
	}
	if n := <-sent; n > 32<<20 {
		t.Errorf("%d bytes were read", n)
	}
}

func port(l net.Listener) string { return strconv.Itoa(l.Addr().(*net.TCPAddr).Port) }
