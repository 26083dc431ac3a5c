package flow

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"mavis/engine/mail"
	"mavis/engine/origin"
)

const maxHeader = 3 << 20 // bytes of the header section that are looked at

const maxFields = 100_000 // fields of it

const largeHeader = 256 << 10 // bytes; honest mail has less

// A message that has no end to its header is deferred.
var (
	errHeaderTooLarge = errors.New("header section larger than 3 MiB")
	errTooManyFields  = fmt.Errorf("more than %d header fields", maxFields)
)

// ReadHeader splits the header section into fields, order and bytes kept, and marks where the body starts. A line that is
// no field and no continuation stands as a field without a name.
func ReadHeader(m *mail.Message) error {
	raw, err := headerBytes(m.Body)
	if err != nil {
		return err
	}
	names := map[string]string{} // of many fields with one name, that name is held once
	for i := 0; i < len(raw); {
		end := lineEnd(raw, i)
		if blank(raw[i:end]) {
			i = end
			m.HeaderSize = int64(i)
			return nil
		}
		for end < len(raw) && (raw[end] == ' ' || raw[end] == '\t') {
			end = lineEnd(raw, end)
		}
		if len(m.Header) >= maxFields {
			return errTooManyFields
		}
		name := nameOf(raw[i:end])
		s, ok := names[string(name)]
		if !ok {
			s = string(name)
			names[s] = s
		}
		m.Header = append(m.Header, mail.Field{Name: s, Raw: raw[i:end]})
		i = end
	}
	m.HeaderSize = int64(len(raw))
	return nil
}

// missingSeparator says that the message ended within its header. The original counts the empty line that should have
// come (RFC 1870 size), and log lines show its figure.
func missingSeparator(m *mail.Message) bool {
	return m.HeaderSize == m.Body.Size() && len(m.Header) > 0 && !endsBlank(m)
}

func endsBlank(m *mail.Message) bool {
	tail := make([]byte, 4)
	n, _ := m.Body.ReadAt(tail, max(0, m.HeaderSize-4))
	return bytes.HasSuffix(tail[:n], []byte("\n\r\n")) || bytes.HasSuffix(tail[:n], []byte("\n\n"))
}

// headerBytes reads up to the first empty line, which is included.
func headerBytes(b mail.Body) ([]byte, error) {
	buf := make([]byte, 0, 4096)
	for off := int64(0); off < b.Size(); {
		if len(buf) > maxHeader {
			return nil, errHeaderTooLarge
		}
		n := len(buf)
		if cap(buf)-n < 4096 {
			buf = append(make([]byte, 0, 2*cap(buf)+4096), buf...)
		}
		buf = buf[:n+4096]
		got, err := b.ReadAt(buf[n:], off)
		if err != nil && err != io.EOF {
			return nil, err
		}
		buf = buf[:n+got]
		off += int64(got)
		if i := separator(buf, max(0, n-3)); i >= 0 {
			return buf[:i], nil
		}
		if err == io.EOF {
			break
		}
	}
	return buf, nil
}

// separator finds the end of the first empty line at or after from; -1 when there is none yet.
func separator(b []byte, from int) int {
	if from == 0 && bytes.HasPrefix(b, []byte("\r\n")) {
		return 2
	}
	if from == 0 && bytes.HasPrefix(b, []byte("\n")) {
		return 1
	}
	for i := from; ; {
		j := bytes.IndexByte(b[i:], '\n')
		if j < 0 {
			return -1
		}
		i += j + 1
		if bytes.HasPrefix(b[i:], []byte("\r\n")) {
			return i + 2
		}
		if bytes.HasPrefix(b[i:], []byte("\n")) {
			return i + 1
		}
	}
}

func lineEnd(b []byte, from int) int {
	if j := bytes.IndexByte(b[from:], '\n'); j >= 0 {
		return from + j + 1
	}
	return len(b)
}

func blank(line []byte) bool { return len(line) > 0 && len(bytes.TrimRight(line, "\r\n")) == 0 }

func nameOf(field []byte) []byte {
	i := bytes.IndexByte(field, ':')
	if i < 0 {
		return nil
	}
	name := bytes.TrimRight(field[:i], " \t")
	if len(name) == 0 || bytes.ContainsAny(name, " \t\r\n") {
		return nil
	}
	return name
}

// scanBytes looks whether header and body hold 8-bit data, without keeping any of it.
func scanBytes(t *Task) error {
	buf := make([]byte, min(64<<10, t.Body.Size()))
	for off := int64(0); off < t.Body.Size(); {
		n, err := t.Body.ReadAt(buf, off)
		if err != nil && err != io.EOF {
			return err
		}
		for i := 0; i < n; i++ {
			if i+8 <= n && binary.NativeEndian.Uint64(buf[i:])&0x8080808080808080 == 0 {
				i += 7
				continue
			}
			if buf[i] >= 0x80 {
				if off+int64(i) < t.HeaderSize {
					t.Header8Bit = true
					continue
				}
				t.Body8Bit = true
				return nil
			}
		}
		off += int64(n)
		if n == 0 {
			break
		}
	}
	return nil
}

// inspect reads header and origin of a message.
func (f *Flow) inspect(t *Task) error {
	if err := ReadHeader(t.Message); err != nil {
		return err
	}
	if t.HeaderSize > largeHeader {
		debug.FreeOSMemory() // reading it leaves much behind, and so did the last one
	}
	if missingSeparator(t.Message) {
		t.Size += 2
	}
	if err := scanBytes(t); err != nil {
		return err
	}
	if bt := strings.ToUpper(t.Envelope.BodyType); !t.Header8Bit && !t.Body8Bit && (bt == "" || bt == "8BITMIME") {
		t.Envelope.BodyType = "7BIT"
	}
	internal := func(field string) []string {
		body, _ := origin.Get(t.Header, field)
		var out []string
		for _, a := range origin.Addresses(body) {
			out = append(out, mail.Unquote(a))
		}
		return out
	}
	t.Authors, t.HeaderSender, t.To, t.Cc = internal("From"), internal("Sender"), internal("To"), internal("Cc")
	author := ""
	if len(t.Authors) > 0 {
		author = t.Authors[0]
	}
	t.Kind = origin.Classify(t.Header, t.Sender, author)
	t.trace()
	return f.aboutRecipients(t)
}

// trace joins the connection, the first client and the Received fields to one way, and learns the client's address from it
// where XFORWARD gave none.
func (t *Task) trace() {
	own := origin.Hop{With: t.Client.Protocol, From: t.Client.Helo}
	if p := t.Client.Peer; p.IsValid() {
		own.IP, own.Port = p.Addr().String(), int(p.Port())
	}
	t.Trace = origin.Trace(t.Header, own, origin.Hop{IP: t.ClientIP, Port: t.ClientPort, With: t.Client.XProto})
	if t.ClientIP == "" {
		for _, h := range t.Trace {
			if h.IP != "" {
				t.ClientIP = h.IP
				break
			}
		}
	}
}

// aboutRecipients asks which recipients are local and which checks they bypass.
func (f *Flow) aboutRecipients(t *Task) error {
	for _, r := range t.Rcpts {
		for _, q := range []struct {
			table string
			to    *bool
		}{{"local_domains_maps", &r.Local}, {"bypass_virus_checks_maps", &r.BypassVirus}, {"bypass_banned_checks_maps", &r.BypassBanned},
			{"bypass_spam_checks_maps", &r.BypassSpam}, {"bypass_header_checks_maps", &r.BypassHeader}} {
			res, ok, err := t.Policy.Tables(q.table).Find(r.Query)
			if err != nil {
				return err
			}
			*q.to = ok && res.Bool()
			switch {
			case r.Trace == nil:
			case q.table == "local_domains_maps":
				r.Note(mail.StageRecipient, choose(*q.to, "is local", "is not local"), "@"+q.table, res)
			default:
				check := strings.TrimSuffix(strings.TrimPrefix(q.table, "bypass_"), "_checks_maps")
				r.Note(mail.StageBypass, choose(*q.to, check+" checks are bypassed", check+" checks are wanted"), "@"+q.table, res)
			}
		}
	}
	return nil
}

func choose(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}
