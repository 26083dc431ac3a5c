package deliver_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"mavis/engine/deliver"
	"mavis/engine/ingress"
	"mavis/engine/mail"
	"mavis/engine/spool"
	"mavis/testdata/peer"
)

// relay is a handler that forwards to next, or keeps the body when there is no next.
type relay struct {
	client  *deliver.Client
	methods []string
	octets  deliver.Octets

	mu     sync.Mutex
	bodies [][]byte
	rcpts  []string
	count  int
	keep   bool
}

func (r *relay) Connect(context.Context, *ingress.Session) (ingress.Settings, bool) {
	return ingress.Settings{}, true
}
func (r *relay) Mail(context.Context, *ingress.Transaction) *ingress.Reply { return nil }
func (r *relay) Rcpt(context.Context, *ingress.Transaction, *mail.Rcpt) *ingress.Reply {
	return nil
}
func (r *relay) End(*ingress.Transaction)    {}
func (r *relay) Disconnect(*ingress.Session) {}

func (r *relay) Data(ctx context.Context, t *ingress.Transaction) (replies []ingress.Reply) {
	b := t.Task.Body()
	if r.client == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.count++
		if r.keep {
			all, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
			if err != nil {
				panic(err)
			}
			r.bodies = append(r.bodies, all)
			for _, to := range t.Envelope.Rcpts {
				r.rcpts = append(r.rcpts, fmt.Sprint(to.Addr, to.Notify, to.ORcpt))
			}
		}
		return []ingress.Reply{{Code: 250, Enhanced: "2.0.0", Text: "kept"}}
	}
	e := &t.Envelope
	m := &deliver.Outgoing{Sender: e.Sender, Params: deliver.Params{BodyType: e.BodyType, SMTPUTF8: e.SMTPUTF8, Ret: e.Ret, EnvID: e.EnvID},
		Body: b, BodySize: b.Size(), Octets: r.octets, PerRecipient: t.LMTP, XForward: map[string]string{"ADDR": "192.0.2.1"}}
	for _, to := range e.Rcpts {
		m.Rcpts = append(m.Rcpts, deliver.Rcpt{Addr: to.Addr, Notify: to.Notify, ORcpt: to.ORcpt})
	}
	res, err := r.client.Deliver(ctx, r.methods, m)
	if err != nil {
		panic(err)
	}
	for _, o := range res.Outcomes {
		replies = append(replies, ingress.ParseReply(o.Answer))
	}
	return replies
}

func start(t testing.TB, h ingress.Handler, opt spool.Options) (addr string, port int) {
	t.Helper()
	opt.TempBase = t.TempDir()
	sp, err := spool.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := ingress.New(ingress.Options{Handler: h, Spool: sp})
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := sp.Close(); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String(), l.Addr().(*net.TCPAddr).Port
}

// chain starts a relay and a keeper behind it.
func chain(t testing.TB, protocol string, octets deliver.Octets, opt spool.Options, keep bool) (addr string, keeper *relay) {
	t.Helper()
	keeper = &relay{keep: keep}
	_, port := start(t, keeper, opt)
	client := deliver.New(deliver.Options{})
	addr, _ = start(t, &relay{client: client, methods: []string{fmt.Sprintf("%s:[127.0.0.1]:%d", protocol, port)}, octets: octets}, opt)
	t.Cleanup(client.Close) // before the keeper is shut down
	return addr, keeper
}

// stuffed is content as sent, end included, by the shortest way.
func stuffed(body []byte) []byte {
	s := strings.ReplaceAll("\r\n"+string(body), "\r\n.", "\r\n..")
	return []byte(s[2:] + ".\r\n")
}

// TestLoopByteForByte sends bodies of the worst mixtures through two servers and a client.
func TestLoopByteForByte(t *testing.T) {
	for _, protocol := range []string{"smtp", "lmtp"} {
		addr, keeper := chain(t, protocol, deliver.Exact, spool.Options{MemoryMax: 300}, true)
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		_ = c.SetDeadline(time.Now().Add(60 * time.Second))
		r := bufio.NewReader(c)
		expect := func(code string) {
			t.Helper()
			for {
				line, err := r.ReadString('\n')
				if err != nil || line[:3] != code {
					t.Fatalf("%q %v, want %s", line, err, code)
				}
				if line[3] == ' ' {
					return
				}
			}
		}
		expect("220")
		_, _ = io.WriteString(c, "EHLO x\r\n")
		expect("250")
		pieces := []string{"\r", "\n", ".", "\r\n", "\r\n.", ".\r\n", "a", "\x00", "\xe9", "\r\n.\r", "\n.\n"}
		var want [][]byte
		for range 1000 {
			var b []byte
			for range rand.IntN(60) {
				b = append(b, pieces[rand.IntN(len(pieces))]...)
			}
			b = append(b, "\r\n"...)
			if rand.IntN(100) == 0 {
				b = append(bytes.Repeat(b, 3000), b...)
			}
			want = append(want, b)
			_, _ = io.WriteString(c, "MAIL FROM:<a@b>\r\nRCPT TO:<\"c d\"@e> NOTIFY=SUCCESS ORCPT=rfc822;x+2By@z\r\nDATA\r\n")
			expect("250")
			expect("250")
			expect("354")
			_, _ = c.Write(stuffed(b))
			expect("250")
		}
		keeper.mu.Lock()
		for i, w := range want {
			if !bytes.Equal(keeper.bodies[i], w) {
				t.Fatalf("%s: sent %q\n got %q", protocol, w, keeper.bodies[i])
			}
		}
		if keeper.rcpts[0] != `"c d"@e[SUCCESS]rfc822;x+2By@z` {
			t.Error(keeper.rcpts[0])
		}
		keeper.mu.Unlock()
	}
}

// TestSMTPSink forwards to Postfix's sink over SMTP and LMTP.
func TestSMTPSink(t *testing.T) {
	sink := peer.Need(t, "smtp-sink")
	source := peer.Need(t, "smtp-source")
	for _, lmtp := range []bool{false, true} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		protocol, args := "smtp", []string{"-c", fmt.Sprintf("127.0.0.1:%d", port), "100"}
		if lmtp {
			protocol, args = "lmtp", append([]string{"-L"}, args...)
		}
		if os.Geteuid() == 0 {
			args = append([]string{"-u", "nobody"}, args...)
		}
		var out bytes.Buffer
		cmd := exec.Command(sink, args...)
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		method := fmt.Sprintf("%s:[127.0.0.1]:%d", protocol, port)
		for range 100 {
			if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
				_ = c.Close()
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		client := deliver.New(deliver.Options{})
		addr, _ := start(t, &relay{client: client, methods: []string{method}}, spool.Options{})
		res, err := exec.Command(source, "-m", "100", "-s", "4", "-l", "3000", "-r", "2", addr).CombinedOutput()
		client.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if err != nil {
			t.Errorf("%s: %v %s", protocol, err, res)
		}
		if fields := strings.Fields(out.String()); len(fields) == 0 {
			t.Errorf("%s: the sink counted nothing", protocol)
		}
	}
}

func benchmarkLoop(b *testing.B, size int, parallel int) {
	addr, keeper := chain(b, "smtp", deliver.Guarded, spool.Options{MemoryMax: 1 << 20}, false)
	body := stuffed(bytes.Repeat([]byte("0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n"), size/78+1))
	b.SetBytes(int64(len(body)))
	b.SetParallelism(parallel)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		r := bufio.NewReader(c)
		replies := func(n int) {
			for n > 0 {
				line, err := r.ReadString('\n')
				if err != nil {
					b.Error(err)
					return
				}
				if line[3] == ' ' {
					n--
				}
			}
		}
		_, _ = io.WriteString(c, "EHLO x\r\n")
		replies(2)
		for pb.Next() {
			_, _ = io.WriteString(c, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
			replies(3)
			_, _ = c.Write(body)
			replies(1)
		}
	})
	b.StopTimer()
	if keeper.count != b.N {
		b.Errorf("%d of %d arrived", keeper.count, b.N)
	}
}

func BenchmarkLoop(b *testing.B) {
	for _, size := range []int{2 << 10, 50 << 10, 10 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) { benchmarkLoop(b, size, 2) })
	}
}
