package av

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// sssp asks Sophos' savdid about files or folders (SSSP/1.0): SCANDIRR NAME, answered by ACC and event lines up to an
// empty one.
func sssp(ctx context.Context, spec string, names []string) (replies []reply, err error) {
	w, err := dial(ctx, spec)
	if err != nil {
		return nil, err
	}
	defer w.close()
	hello, err := w.line('\n')
	if err != nil {
		return nil, fmt.Errorf("sssp at %s: no greeting: %w", spec, err)
	}
	if rest := strings.TrimLeft(strings.TrimPrefix(hello, "OK"), " \t"); !strings.HasPrefix(hello, "OK ") || !strings.HasPrefix(rest, "SSSP/") {
		return nil, fmt.Errorf("sssp at %s: strange greeting %q", spec, hello)
	}
	for _, name := range names {
		r, err := ssspScan(w, name)
		if r.output != "" {
			replies = append(replies, r)
		}
		if err != nil {
			return replies, fmt.Errorf("sssp at %s: %w", spec, err)
		}
	}
	if w.say("BYE\r\n") == nil {
		w.line('\n') // its own BYE, or an empty line; all has been said
	}
	return replies, nil
}

func ssspScan(w *wire, name string) (r reply, err error) {
	if err := w.say("SSSP/1.0 SCANDIRR " + protoEncode(name) + "\r\n"); err != nil {
		return r, err
	}
	line, err := w.line('\n')
	if err != nil {
		return r, fmt.Errorf("no response to SCANDIRR: %w", err)
	}
	if line != "ACC\r\n" && !strings.HasPrefix(line, "ACC ") && !strings.HasPrefix(line, "ACC\t") {
		return r, fmt.Errorf("SCANDIRR was not accepted: %q", line)
	}
	var b strings.Builder
	for {
		line, err := w.line('\n')
		if err == nil && line == "\r\n" {
			break
		}
		if b.Len() < maxAnswer {
			b.WriteString(line)
		} else {
			r.broken = errCut
		}
		if err != nil {
			r.broken, r.output = err, protoDecode(b.String())
			return r, fmt.Errorf("the answer broke off: %w", err)
		}
	}
	r.output, r.told = protoDecode(b.String()), true
	if r.output == "" {
		return r, fmt.Errorf("empty answer about %s: %w", name, io.ErrNoProgress)
	}
	return r, nil
}

// protoEncode writes bytes that would end a word as %XX; protoDecode reads them.
func protoEncode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == '%' || c <= ' ' || c == 0x7f || c == 0xff {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func protoDecode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
