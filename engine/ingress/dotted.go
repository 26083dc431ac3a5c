package ingress

import "bytes"

// Undotter takes the data of a message apart: it undoes dot-stuffing and finds the end. Only CR LF ends a line, and only
// CR LF . CR LF the message; every other mix of CR, LF and dots is content, as with the original, so that no mail can
// hide another one in it. A dot at the start of a line goes, whatever follows it (RFC 5321 section 4.5.2).
type Undotter struct {
	state undotState
}

type undotState uint8

const (
	atLineStart undotState = iota
	afterDot               // a dot at the start of a line, not given out
	afterDotCR             // CR after it, not given out yet
	afterCR                // a CR that was given out
	inLine
)

// Next takes bytes in. It hands runs of content to emit, which must not keep them, and gives how many bytes it used;
// done says that the message ended with the last of these.
func (u *Undotter) Next(p []byte, emit func([]byte)) (used int, done bool) {
	start := 0 // first byte not yet handed out
	for i := 0; i < len(p); i++ {
		switch c := p[i]; u.state {
		case inLine:
			n := bytes.IndexByte(p[i:], '\r')
			if n < 0 {
				i = len(p)
				break
			}
			i += n
			u.state = afterCR
		case afterCR:
			u.state = afterByte(c)
			if c == '\n' {
				u.state = atLineStart
			}
		case atLineStart:
			u.state = afterByte(c)
			if c == '.' {
				if i > start {
					emit(p[start:i])
				}
				start = i + 1
				u.state = afterDot
			}
		case afterDot:
			u.state = inLine
			if c == '\r' {
				u.state = afterDotCR
				start = i + 1
			}
		case afterDotCR:
			if c == '\n' {
				return i + 1, true
			}
			emit([]byte{'\r'})
			start = i
			u.state = afterByte(c)
		}
	}
	if start < len(p) {
		emit(p[start:])
	}
	return len(p), false
}

// afterByte is the state after a byte in the middle of a line.
func afterByte(c byte) undotState {
	if c == '\r' {
		return afterCR
	}
	return inLine
}
