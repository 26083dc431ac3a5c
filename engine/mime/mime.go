// Package mime takes a message apart into its MIME structure, tolerantly: what is ambiguous is recorded, not guessed away.
//
// Broken input is read the way MIME::Parser of MIME-tools reads it, because that is the parser under amavisd-new: part
// numbers, placements and candidate names come out the same. Bodies are not held in memory: an entity knows its place
// in the source and decodes from there.
package mime

import (
	"io"

	"mavis/engine/mail"
)

// Options bound the work. The zero value is usable.
type Options struct {
	// MaxParts is the largest number of entities, as $MAXFILES; 0 means 10000.
	MaxParts int
	// MaxDepth is the deepest nesting of multiparts; 0 means 500.
	MaxDepth int
	// MaxHeader is how many bytes of one entity's header are kept; 0 means 4 MiB.
	MaxHeader int
	// KeepCR says that the source has its final line ends already: CR LF is then not turned into LF.
	KeepCR bool
}

// Code names a kind of problem.
type Code string

const (
	NoBoundary      Code = "no-boundary"      // multipart without a usable boundary parameter
	HeaderCut       Code = "header-cut"       // header ended by a boundary or the end of the message
	HeaderSyntax    Code = "header-syntax"    // a header line stopped the header early
	HeaderLarge     Code = "header-large"     // header larger than MaxHeader
	PreambleCut     Code = "preamble-cut"     // multipart whose first boundary never came
	PartsCut        Code = "parts-cut"        // multipart whose closing boundary never came
	BodyCut         Code = "body-cut"         // part that ended without its boundary
	TooMany         Code = "too-many"         // more than MaxParts entities or deeper than MaxDepth
	UnknownEncoding Code = "unknown-encoding" // content transfer encoding that nobody knows; taken as binary
	LongLine        Code = "long-line"        // a line over 1 MiB that could be a boundary
	TwoBoundaries   Code = "two-boundaries"   // CVE-2024-28054
	RepeatedField   Code = "repeated-field"   // Content-Type and the like more than once
	RepeatedParam   Code = "repeated-param"   // the same parameter twice in a field
	RepeatedName    Code = "repeated-name"    // names of a part that disagree in a repeated parameter
)

// Problem is something wrong with the structure.
type Problem struct {
	Code   Code
	Offset int64 // place in the source
	Detail string
	// IsError says that MIME::Parser calls it an error, so that the mail has a bad header (BadHeader,1).
	IsError bool
}

// Message is the outcome of Parse.
type Message struct {
	// Root is nil when the message has too many parts; Leaves then holds those found before.
	Root *Entity
	// Leaves are the entities with a body, in the order in which the original gives out their part numbers.
	Leaves   []*Entity
	Problems []Problem
	// Error is what the original shows after "MIME error: ", or "".
	Error string
}

// Span is a stretch of the source, in bytes.
type Span struct{ Start, End int64 }

// Len is the length in bytes of the source, before line ends are converted.
func (s Span) Len() int64 { return s.End - s.Start }

// Entity is one component of the structure: a container (multipart) or a leaf with a body.
type Entity struct {
	Parent    *Entity
	Children  []*Entity
	Placement string // "1", "1/2", …
	Header    Header
	// HeaderSpan is where the header is in the source, with the empty line.
	HeaderSpan Span
	// Body is the encoded body of a leaf.
	Body Span
	Leaf bool
	// Type is the declared type in lower case, "text/plain" without one; EffectiveType differs where the declared one
	// could not be followed.
	Type, EffectiveType string
	// Encoding is the content transfer encoding in lower case.
	Encoding string
	// Names are all candidate names, as the original lists them: for Content-Disposition and then Content-Type the decoded
	// form and the raw form, each once. Strings are Unicode text; raw octets above 127 stand as the Latin-1
	// character of that number.
	Names      []string
	Charset    string
	ReportType string
	// Preamble and Epilogue are set where they hold something worth a part of its own.
	Preamble, Epilogue *Span
	// Ambiguous is set where two readers could understand the entity differently: a multipart with two boundary parameters
	// (CVE-2024-28054), and MIME fields or parameters given more than once, as MIME-tools from 5.511 on tells it.
	Ambiguous bool
	// Encrypted is set for declared types such as multipart/encrypted.
	Encrypted bool

	parsed map[string]*Params
	how    decoding
	src    io.ReaderAt
	keepCR bool
}

// TypeDeclared is the list that rules on MIME types look at: the declared type and a differing effective one.
func (e *Entity) TypeDeclared() []string {
	if e.Type == e.EffectiveType {
		return []string{e.Type}
	}
	return []string{e.Type, e.EffectiveType}
}

// Walk calls f for the entity and all below it, parents first.
func (e *Entity) Walk(f func(*Entity)) {
	if e == nil {
		return
	}
	f(e)
	for _, c := range e.Children {
		c.Walk(f)
	}
}

// Parse reads the structure of the message. An error is an error of reading the source; bad structure is never one.
func Parse(src mail.Body, o Options) (*Message, error) {
	return ParseAt(src, src.Size(), o)
}

// ParseAt is Parse for any source of the given size.
func ParseAt(src io.ReaderAt, size int64, o Options) (*Message, error) {
	if o.MaxParts <= 0 {
		o.MaxParts = 10000
	}
	if o.MaxDepth <= 0 {
		o.MaxDepth = 500
	}
	if o.MaxHeader <= 0 {
		o.MaxHeader = 4 << 20
	}
	p := &parser{o: o, src: src, r: newLines(src, 0, size, o.KeepCR), bounds: map[string][]ending{}, out: &Message{}}
	root := p.part("", 0)
	if p.r.err != nil {
		return nil, p.r.err
	}
	p.out.Root = root
	if root != nil {
		p.finish(root, "1")
	}
	if p.err != nil {
		return nil, p.err
	}
	p.out.Error = errorText(p.messages, root == nil)
	return p.out, nil
}
