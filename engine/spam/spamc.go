package spam

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds what a daemon may answer.
const maxAnswer = 2 << 20

// errTransport marks a dialogue that broke off: the daemon died or was not there. Asking again may help.
var errTransport = errors.New("connection to spamd lost")

// errDial marks one that was never made.
var errDial = errors.New("connect to spamd")

// answer is a reply of spamd (its PROTOCOL file, version 1.5).
type answer struct {
	code   int
	text   string
	header map[string]string // names in lower case
	body   []byte
}

// ask sends one command and gives the answer. ctx bounds all of it. dial makes the connection.
func ask(ctx context.Context, dial func(context.Context) (net.Conn, error), command string, c *content) (*answer, error) {
	conn, err := dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w: %w", errTransport, errDial, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	sent := make(chan error, 1)
	go func() { sent <- send(conn, command, c) }()
	a, err := receive(conn)
	conn.Close() // a daemon that answers early does not read on
	werr := <-sent
	if ctx.Err() != nil {
		return nil, fmt.Errorf("spamd did not answer in time: %w", ctx.Err())
	}
	var unread *readError
	if errors.As(werr, &unread) {
		return nil, unread.error
	}
	if err == nil && a.code != 0 {
		return nil, fmt.Errorf("spamd answers %d %s", a.code, a.text)
	}
	return a, err
}

// readError is a fault of the mail's own storage.
type readError struct{ error }

func send(conn net.Conn, command string, c *content) error {
	w := bufio.NewWriterSize(conn, 32<<10)
	fmt.Fprintf(w, "%s SPAMC/1.5\r\n", command)
	if c == nil {
		w.WriteString("\r\n")
		return w.Flush()
	}
	fmt.Fprintf(w, "Content-length: %d\r\n\r\n", c.size())
	if err := c.writeTo(w); err != nil {
		var n net.Error
		if errors.As(err, &n) {
			return err
		}
		conn.Close()
		return &readError{fmt.Errorf("read the mail: %w", err)}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite() // spamd reads on to the end of a line
	}
	return nil
}

func receive(conn net.Conn) (*answer, error) {
	r := bufio.NewReader(io.LimitReader(conn, maxAnswer))
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errTransport, err)
	}
	a := &answer{header: map[string]string{}}
	word, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
	code, text, _ := strings.Cut(strings.TrimLeft(rest, " \t"), " ")
	if a.code, err = strconv.Atoi(code); err != nil || !strings.HasPrefix(word, "SPAMD/") {
		return nil, fmt.Errorf("spamd answers %q", line)
	}
	a.text = text
	for {
		if line, err = r.ReadString('\n'); err == io.EOF && line == "" {
			return a, nil // PONG and failures come without a header
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errTransport, err)
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("spamd answers with a header line %q", line)
		}
		a.header[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	if a.body, err = io.ReadAll(r); err != nil {
		return nil, fmt.Errorf("%w: %w", errTransport, err)
	}
	if n, ok := a.header["content-length"]; ok && n != strconv.Itoa(len(a.body)) {
		return nil, fmt.Errorf("%w: %d bytes of an answer of %s", errTransport, len(a.body), n)
	}
	return a, nil
}
