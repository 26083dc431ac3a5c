package unpack

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"mavis/engine/mail"
	"mavis/engine/mime"
)

// mime writes the parts of a message: leaves get their numbers first, in document order, then containers, preambles and
// epilogues on the way through the tree.
func (t *task) mime(src io.ReaderAt, size int64, parent *mail.Part, keepCR bool) (*mime.Message, error) {
	m, err := mime.ParseAt(src, size, mime.Options{MaxParts: t.o.MaxFiles, KeepCR: keepCR})
	if err != nil {
		return nil, &HostError{err}
	}
	if slices.ContainsFunc(m.Problems, func(p mime.Problem) bool { return p.Code == mime.TooMany }) { // banning rules do not get to see what lies behind
		t.report.OverLimit = true
	}
	leaves := make(map[*mime.Entity]*mail.Part, len(m.Leaves))
	for _, e := range m.Leaves {
		p, _ := t.add(parent, false, false)
		leaves[e] = p
		if err := t.leaf(e, p); err != nil {
			return nil, err
		}
	}
	if m.Root != nil {
		parent.Children = parent.Children[:len(parent.Children)-len(m.Leaves)]
		err = t.entity(m.Root, parent, leaves)
	}
	return m, err
}

// leaf writes one body. The MIME structure may exceed the quota: it is no larger than the message.
func (t *task) leaf(e *mime.Entity, p *mail.Part) error {
	w, err := t.create(p, "mime_decode")
	if err != nil {
		return err
	}
	w.free = true
	h := newHash(t.o.Digest)
	if h != nil {
		w.hash = h
		if text := strings.HasPrefix(e.Type, "text/") || strings.HasPrefix(e.Type, "message/") || e.Type == "text" || e.Type == "message"; text && (e.Encoding == "base64" || e.Encoding == "quoted-printable") {
			w.hash = &lineEnds{w: h}
		}
	}
	err = e.Decode(w)
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		if t.ctx.Err() != nil {
			return err
		}
		return &HostError{err}
	}
	t.quota.note(p.Size)
	if l, ok := w.hash.(*lineEnds); ok {
		l.flush()
	}
	if h != nil {
		p.Digest = hex.EncodeToString(h.Sum(nil)) + ":" + e.Type
	}
	return nil
}

// entity gives an entity and all below it their place in the tree of parts.
func (t *task) entity(e *mime.Entity, parent *mail.Part, leaves map[*mime.Entity]*mail.Part) error {
	if err := t.extra(e, e.Preamble, "preamble", parent); err != nil {
		return err
	}
	p := leaves[e]
	if p == nil {
		p, _ = t.add(parent, false, true)
		if e.Ambiguous {
			p.Attribute("B")
		}
	} else {
		p.Parent = parent
		parent.Children = append(parent.Children, p)
		if p.Size == 0 {
			p.TypeShort, p.TypeLong = []string{"empty"}, "empty"
		}
		if e.Ambiguous {
			p.Attribute("B")
		}
	}
	p.Placement, p.TypeDeclared, p.NameDeclared = e.Placement, e.TypeDeclared(), e.Names
	p.Charset, p.ReportType = e.Charset, e.ReportType
	if e.Encrypted {
		p.Attribute("U")
		p.Attribute("C")
	}
	if err := t.extra(e, e.Epilogue, "epilogue", parent); err != nil {
		return err
	}
	for _, c := range e.Children {
		if err := t.entity(c, p, leaves); err != nil {
			return err
		}
	}
	return nil
}

// extra writes a preamble or epilogue as a part beside the entity.
func (t *task) extra(e *mime.Entity, s *mime.Span, what string, parent *mail.Part) error {
	if s == nil {
		return nil
	}
	p, _ := t.add(parent, false, false)
	p.Placement, p.NameDeclared = e.Placement, []string{what}
	w, err := t.create(p, "mime_decode_"+what)
	if err != nil {
		return err
	}
	w.free = true
	err = e.Write(w, *s)
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	t.quota.note(p.Size)
	return err
}

// doMIME decodes a part that is a message.
func doMIME(t *task, p *mail.Part, _ *Decoder) (outcome, error) {
	f, err := t.open(p)
	if err != nil {
		return kept, err
	}
	defer f.Close()
	_, err = t.mime(f, p.Size, p, true)
	return kept, err
}

func newHash(name string) hash.Hash {
	switch strings.ReplaceAll(strings.ToLower(name), "-", "") {
	case "":
		return nil
	case "md5":
		return md5.New()
	case "sha224":
		return sha256.New224()
	case "sha256":
		return sha256.New()
	case "sha384":
		return sha512.New384()
	case "sha512":
		return sha512.New()
	}
	return sha1.New()
}

// lineEnds drops a CR before LF or the end.
type lineEnds struct {
	w    io.Writer
	held bool
}

func (l *lineEnds) Write(b []byte) (int, error) {
	start := 0
	for i, c := range b {
		if l.held {
			if c != '\n' {
				fmt.Fprint(l.w, "\r")
			}
			l.held = false
		}
		if c == '\r' {
			l.w.Write(b[start:i])
			start = i + 1
			l.held = true
		}
	}
	l.w.Write(b[start:])
	return len(b), nil
}

func (l *lineEnds) flush() { l.held = false }
