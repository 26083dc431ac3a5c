package mime

import (
	"bytes"
	"io"
	"strings"
)

// ending is how a stretch of lines ended.
type ending struct {
	kind  endKind
	bound string
}

type endKind int

const (
	atEnd   endKind = iota // end of the source
	blank                  // the empty line behind a header
	delim                  // --boundary
	closing                // --boundary--
)

// parser holds the state of one run. Boundaries of all open multiparts are known at once: a line that matches any of them
// ends whatever is being read.
type parser struct {
	o        Options
	src      io.ReaderAt
	r        *lines
	ln       line // the line just read
	bounds   map[string][]ending
	count    int
	eos      ending
	out      *Message
	messages []string
	err      error
}

func (p *parser) problem(c Code, at int64, detail string) {
	if len(p.out.Problems) < 1000 {
		p.out.Problems = append(p.out.Problems, Problem{Code: c, Offset: at, Detail: detail})
	}
}

// fail notes a problem that MIME::Parser reports as an error, in the few words that reach X-Amavis-Alert and logs.
func (p *parser) fail(c Code, at int64, words string) {
	if len(p.out.Problems) < 1000 {
		p.out.Problems = append(p.out.Problems, Problem{Code: c, Offset: at, IsError: true})
		p.messages = append(p.messages, words)
	}
}

func (p *parser) open(bound string) {
	p.bounds["--"+bound] = append(p.bounds["--"+bound], ending{delim, bound})
	p.bounds["--"+bound+"--"] = append(p.bounds["--"+bound+"--"], ending{closing, bound})
}

func (p *parser) shut(bound string) {
	for _, k := range []string{"--" + bound, "--" + bound + "--"} {
		if s := p.bounds[k]; len(s) > 1 {
			p.bounds[k] = s[:len(s)-1]
		} else {
			delete(p.bounds, k)
		}
	}
}

// boundary says whether a line is a boundary of any open multipart.
func (p *parser) boundary(ln *line) (ending, bool) {
	t := ln.text
	if len(p.bounds) == 0 || len(t) < 2 || t[0] != '-' || t[1] != '-' {
		return ending{}, false
	}
	if ln.long {
		p.problem(LongLine, ln.start, "")
		return ending{}, false
	}
	t = bytes.TrimRight(t, " \t\r\n")
	if s := p.bounds[string(t)]; len(s) > 0 {
		return s[len(s)-1], true
	}
	return ending{}, false
}

// chunk reads lines up to a boundary or the end. See looks at each line. The span leaves out the line end that belongs to
// the boundary (RFC 2046 section 5.1.1), and any further CR or LF of that one line.
func (p *parser) chunk(see func(*line)) Span {
	s := Span{p.r.offset(), p.r.offset()}
	body := s.Start
	for {
		var ok bool
		ln := &p.ln
		if *ln, ok = p.r.read(); !ok {
			p.eos = ending{kind: atEnd}
			return s
		}
		if e, hit := p.boundary(ln); hit {
			p.eos = e
			s.End = body
			return s
		}
		see(ln)
		s.End, body = ln.end, ln.body
	}
}

// part reads one entity: its header and whatever follows. Nil means that the message is too complex.
func (p *parser) part(defaultType string, depth int, open ...string) *Entity {
	p.count++
	if p.count > p.o.MaxParts || depth > p.o.MaxDepth {
		p.problem(TooMany, p.r.offset(), "")
		return nil
	}
	e := &Entity{src: p.src, keepCR: p.o.KeepCR}
	if !p.header(e, innermost(open)) {
		// A boundary instead of the empty line: the original drops what it read and goes on with an empty text part.
		at := p.r.offset()
		p.problem(HeaderCut, e.HeaderSpan.Start, "")
		e.Header = Header{}
		e.Type, e.EffectiveType, e.Encoding = "text/plain", "text/plain", "7bit"
		e.Body, e.Leaf = Span{at, at}, true
		p.leaf(e)
		return e
	}
	e.Type = e.mimeType(defaultType)
	e.EffectiveType = e.Type
	e.Encoding = e.transferEncoding()
	kind, subtype, _ := strings.Cut(e.Type, "/")
	if kind == "multipart" {
		subtype, _, _ = strings.Cut(subtype, "/")
		if !p.multipart(e, subtype, depth, open) {
			return nil
		}
		return e
	}
	p.single(e, open)
	return e
}

func innermost(open []string) *string {
	if len(open) == 0 {
		return nil
	}
	return &open[len(open)-1]
}

// ended says how the last stretch ended as seen by a reader whose innermost boundary is b: a boundary of an outer
// multipart counts as neither.
func (p *parser) ended(b *string) endKind {
	if (p.eos.kind == delim || p.eos.kind == closing) && (b == nil || p.eos.bound != *b) {
		return -1
	}
	return p.eos.kind
}

// header reads the header; false when a boundary of the innermost multipart came first.
func (p *parser) header(e *Entity, b *string) bool {
	var text []byte
	start, stop := p.r.offset(), int64(0)
	large := false
	for {
		var ok bool
		ln := &p.ln
		if *ln, ok = p.r.read(); !ok {
			p.eos = ending{kind: atEnd}
			stop = p.r.end
			break
		}
		stop = ln.end
		if end, hit := p.boundary(ln); hit {
			p.eos = end
			text = text[:trimmedLen(text)]
			break
		}
		t := normal(ln.text)
		if len(t) == 0 || string(t) == "\n" || string(t) == "\r\n" || string(t) == "\r" {
			p.eos = ending{kind: blank}
			break
		}
		if len(text)+len(t) > p.o.MaxHeader || ln.long {
			if !large {
				large = true
				p.problem(HeaderLarge, ln.start, "")
			}
			continue
		}
		text = append(text, t...)
	}
	e.HeaderSpan = Span{start, stop}
	switch p.ended(b) {
	case delim:
		return false
	case blank:
	default:
		p.fail(HeaderCut, stop, "unexpected end of header")
	}
	rest, cut, many := e.Header.parse(text)
	if cut {
		p.fail(HeaderSyntax, start, "couldn't parse head; error near: "+rest)
	}
	if many && !large {
		p.problem(HeaderLarge, start, "fields")
	}
	if large || many {
		e.Ambiguous = true
	}
	return true
}

// normal turns the line ends that a header may have into LF.
func normal(t []byte) []byte {
	n := len(t)
	switch {
	case n >= 2 && t[n-1] == '\n' && t[n-2] == '\r':
		t[n-2] = '\n'
		return t[:n-1]
	case n >= 1 && t[n-1] == '\r':
		if n >= 2 && t[n-2] == '\n' {
			return t[:n-1]
		}
		t[n-1] = '\n'
	}
	return t
}

func (p *parser) multipart(e *Entity, subtype string, depth int, open []string) bool {
	bound, given := e.params("content-type").Get("boundary")
	if !given || strings.ContainsAny(bound, "\r\n") {
		p.fail(NoBoundary, e.HeaderSpan.Start, "multipart boundary is missing, or contains CR or LF")
		e.EffectiveType = "application/x-unparseable-multipart"
		p.single(e, open)
		return true
	}
	defaultType := ""
	if subtype == "digest" {
		defaultType = "message/rfc822"
	}
	inner := append(open[:len(open):len(open)], bound)
	p.open(bound)
	var pre worth
	span := p.chunk(pre.see)
	if p.eos.kind == atEnd && pre.lines > 0 {
		span.End -= pre.newline
		pre.lastBlank()
	}
	if pre.kept(p.eos.kind) {
		e.Preamble = &span
	}
	switch p.ended(&bound) {
	case delim:
	case closing:
		p.shut(bound)
		p.epilogue(e)
		return true
	default:
		p.shut(bound)
		p.fail(PreambleCut, span.End, "unexpected end of preamble")
		return true
	}
	for {
		child := p.part(defaultType, depth+1, inner...)
		if child == nil {
			return false
		}
		child.Parent = e
		e.Children = append(e.Children, child)
		switch p.ended(&bound) {
		case delim:
			continue
		case closing:
			p.shut(bound)
			p.epilogue(e)
			return true
		}
		p.shut(bound)
		p.fail(PartsCut, p.r.offset(), "unexpected end of parts before epilogue")
		return true
	}
}

func (p *parser) epilogue(e *Entity) {
	var w worth
	span := p.chunk(w.see)
	if w.kept(p.eos.kind) {
		e.Epilogue = &span
	}
}

// single reads the body of a leaf up to a boundary.
func (p *parser) single(e *Entity, open []string) {
	var uu hint
	e.Body = p.chunk(uu.see)
	e.Leaf = true
	if k := p.ended(innermost(open)); len(open) > 0 && k != delim && k != closing {
		p.fail(BodyCut, e.Body.End, "part did not end with expected boundary")
	}
	e.how = decoderFor(e.Encoding)
	if e.how == nil {
		p.problem(UnknownEncoding, e.HeaderSpan.Start, e.Encoding)
		e.EffectiveType = "application/octet-stream"
		e.how = decodeBinary
		e.Encoding = "binary"
	}
	switch words := uu.missing(e.Encoding); {
	case words != "":
		p.fail(BodyCut, e.Body.Start, words)
	case uu.kind != "" && (e.Encoding == "7bit" || e.Encoding == "8bit" || e.Encoding == "binary") &&
		(e.EffectiveType == "text/plain" || e.EffectiveType == "application/mac-binhex40" || e.EffectiveType == "application/mac-binhex"):
		if p.embedded(e, uu.kind) {
			return
		}
	}
	p.leaf(e)
}

// worth decides whether a preamble or epilogue becomes a part: more than five lines, or anything but the plainest characters.
type worth struct {
	lines  int
	blank  bool // the last line was empty
	unsafe bool
	cr     bool // the last line ended with a CR of its own
	// newline is how many octets of the source end the last line: 0, 1 for LF, 2 for CR LF.
	newline int64
}

func (w *worth) lastBlank() {
	if w.blank {
		w.lines--
	}
}

func (w *worth) see(ln *line) {
	w.lines++
	t := ln.text[:trimmedLen(ln.text)]
	w.unsafe = w.unsafe || w.cr
	w.cr = len(t) < len(ln.text) && ln.text[len(t)] == '\r'
	w.blank = len(t) == 0
	w.newline = 0
	if n := len(ln.text); n > 0 && ln.text[n-1] == '\n' {
		w.newline = 1 + ln.end - ln.start - int64(n)
	}
	if ln.long {
		w.newline = min(1, ln.end-ln.body)
	}
	for _, c := range t {
		if c < '0' && c != ' ' && c != '\t' && c != '-' && c != '.' && c != '/' && c != ',' || c > '9' && !(c|0x20 >= 'a' && c|0x20 <= 'z') && c != ':' && c != ';' && c != '@' && c != '_' {
			w.unsafe = true
			return
		}
	}
	w.unsafe = w.unsafe || ln.long
}

func (w *worth) kept(end endKind) bool {
	n := w.lines
	if w.blank && end != atEnd {
		n--
	}
	return n > 5 || w.unsafe || w.cr && end == atEnd
}

func (p *parser) leaf(e *Entity) { p.out.Leaves = append(p.out.Leaves, e) }
