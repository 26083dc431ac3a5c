package syntax

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// ErrFormat means that a file cannot be laid out: it cannot be read, or the new layout would be read differently.
var ErrFormat = errors.New("the file cannot be laid out")

// maxBlank is how many empty lines may follow each other.
const maxBlank = 2

// Format lays a file out: two blanks for each level of brackets, one blank after a comma and around =, none at the ends of
// lines. Where a line is broken is the author's choice, and so are columns: what was aligned stays aligned. Quotes,
// heredocs, POD and what follows __END__ keep every byte, comments all but blanks at their ends. The result is cut into
// tokens again, and must have the same ones.
func Format(f *source.File, opt Options) ([]byte, error) {
	bag := &diag.Bag{}
	Parse(f, opt, bag)
	if bag.HasErrors() {
		return nil, ErrFormat
	}
	lx := lexAll(f, opt)
	o := &layout{text: f.Text, lx: lx}
	o.prepare()
	o.run()
	out := o.out.Bytes()
	if !sameTokens(lx, lexAll(source.New(f.Name, out), opt)) {
		return nil, ErrFormat
	}
	return out, nil
}

// sameTokens compares two readings: tokens, and comments but for blanks at their ends.
func sameTokens(a, b *lexed) bool {
	if len(a.toks) != len(b.toks) || len(a.comments) != len(b.comments) || len(b.diags) > len(a.diags) {
		return false
	}
	for i := range a.toks {
		if a.toks[i].Type != b.toks[i].Type || a.toks[i].Value != b.toks[i].Value {
			return false
		}
	}
	for i := range a.comments {
		x, y := a.comments[i], b.comments[i]
		if x.POD != y.POD || strings.TrimRight(x.Place.Text(), " \t\r") != strings.TrimRight(y.Place.Text(), " \t\r") {
			return false
		}
	}
	return true
}

// piece is a token in order of place. Inside tells that it stands within a quote.
type piece struct {
	lexer.Token
	start, end    int
	inside        bool
	opens, closes bool // a quote
	ofBlock       bool // a } that ends a block
}

type layout struct {
	text     []byte
	lx       *lexed
	pieces   []piece
	comments map[int]int // where comments begin and end
	pods     map[int]bool

	out    bytes.Buffer
	column int   // in the line being written
	source int   // column in the line being read, tabs to 8
	shift  int   // how far the line moved to the right
	levels []int // the number of the line that each open bracket stands in
	line   int
	next   int    // the piece that a gap ends at
	plain  *piece // the newest piece that is not within a quote
	// the newest comment: its columns in both texts, and whether the next line may go on with it
	noted struct{ from, to int }
}

// prepare brings the tokens in order of place; those of a heredoc's body come after the rest of its line.
func (o *layout) prepare() {
	depth := 0
	var blocks []bool
	for i, t := range o.lx.toks {
		p := piece{Token: t, start: t.Pos.Offset, end: max(o.lx.ends[i], t.Pos.Offset)}
		switch t.Type {
		case tQOpen:
			p.opens = true
			p.inside = depth > 0
			depth++
		case tQClose:
			depth = max(0, depth-1)
			p.closes = true
			p.inside = depth > 0
		default:
			p.inside = depth > 0
		}
		switch t.Type {
		case tLParen, tLBracket, tLBlock, tLHash, tLSub:
			blocks = append(blocks, t.Type == tLBlock)
		case tRParen, tRBracket, tRBrace:
			if n := len(blocks); n > 0 {
				p.ofBlock = blocks[n-1]
				blocks = blocks[:n-1]
			}
		}
		o.pieces = append(o.pieces, p)
	}
	sortPieces(o.pieces)
	o.comments, o.pods = map[int]int{}, map[int]bool{}
	for _, c := range o.lx.comments {
		o.comments[c.Place.Start] = c.Place.End
		o.pods[c.Place.Start] = c.POD
	}
}

func (o *layout) run() {
	at := 0
	var before *piece
	for i := range o.pieces {
		p := &o.pieces[i]
		o.next = i
		if p.start < at { // within what was written already
			before = p
			continue
		}
		o.gap(at, p.start, before, p)
		o.copy(p.start, p.end)
		at = p.end
		if !p.inside {
			o.bracket(p)
		}
		if before = p; !p.inside {
			o.plain = p
		}
	}
	o.copy(at, len(o.text))
}

// bracket keeps count of what is open.
func (o *layout) bracket(p *piece) {
	switch p.Type {
	case tLParen, tLBracket, tLBlock, tLHash, tLSub:
		o.levels = append(o.levels, o.line)
	case tRParen, tRBracket, tRBrace:
		if n := len(o.levels); n > 0 {
			o.levels = o.levels[:n-1]
		}
	}
}

// copy writes text as it is.
func (o *layout) copy(from, to int) {
	text := o.text[from:to]
	o.out.Write(text)
	if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
		o.line++
		o.column, o.source, o.shift = 0, 0, 0
		text = text[i+1:]
	}
	for _, r := range string(text) {
		o.column++
		o.source = advance(o.source, r)
	}
}

func advance(column int, r rune) int {
	if r == '\t' {
		return column/8*8 + 8
	}
	return column + 1
}

// gap writes what stands between two tokens.
func (o *layout) gap(from, to int, a, b *piece) {
	if kept := o.kept(from, to, a, b); kept > from {
		o.copy(from, kept)
		if from = kept; from == to && (from == 0 || o.text[from-1] != '\n' || b.EOF() || b.inside) {
			return
		}
	}
	first := from == 0 || o.text[from-1] == '\n'
	newlines, at, crlf := 0, from, false
	column := o.source
	atStart := first // nothing was written in this line yet
	for at < to {
		c := o.text[at]
		if end, ok := o.comments[at]; ok {
			o.space(newlines, crlf)
			text := bytes.TrimRight(o.text[at:end], " \t\r")
			switch {
			case newlines == 0 && !atStart:
				o.pad(o.between(column, true))
			case column > 0 && column == o.noted.from && newlines == 1:
				o.pad(o.noted.to) // below a comment behind code, and part of it
			case column > 0:
				o.pad(o.indent(nil, nil))
			}
			o.noted.from, o.noted.to = column, o.column
			o.out.Write(text)
			o.column += utf8.RuneCount(text)
			column, newlines, at, atStart = column+utf8.RuneCount(text), 0, end, false
			continue
		}
		if c == '\n' {
			newlines++
			column = 0
			crlf = at > 0 && o.text[at-1] == '\r'
		} else {
			column = advance(column, rune(c))
		}
		at++
	}
	end := b.EOF()
	if end && newlines == 0 && !first && o.column > 0 {
		newlines = 1
	}
	if end {
		newlines = min(newlines, 1)
	}
	o.space(newlines, crlf)
	switch {
	case end:
	case newlines > 0 || atStart:
		width := o.indent(o.plain, b)
		o.pad(width)
		o.shift = width - column
	default:
		o.pad(o.width(a, b, from == to, column))
	}
	o.source = column
}

// kept gives the end of the part of a gap that must stay as it is. What is not kept holds blanks and comments only: all of
// most gaps, and what follows the line in which a heredoc or POD ends.
func (o *layout) kept(from, to int, a, b *piece) int {
	if b.inside || b.closes || a != nil && a.opens {
		return to
	}
	last := -1 // the last byte that is neither blank nor of a comment
	for at := from; at < to; {
		if end, ok := o.comments[at]; ok {
			if o.pods[at] {
				last = end - 1
			}
			at = end
			continue
		}
		if !isSpace(o.text[at]) {
			last = at
		}
		at++
	}
	switch {
	case last < 0 && (a == nil || !a.inside):
		return from
	case last < 0: // the empty line that ends a heredoc
		return to
	case b.EOF():
		return to
	}
	if i := bytes.IndexByte(o.text[last:to], '\n'); i >= 0 {
		return last + i + 1
	}
	return to
}

// space writes line ends.
func (o *layout) space(n int, crlf bool) {
	limit := maxBlank + 1
	if o.column == 0 {
		limit = maxBlank
		if o.out.Len() == 0 {
			limit = 0
		}
	}
	for range min(n, limit) {
		if crlf {
			o.out.WriteByte('\r')
		}
		o.out.WriteByte('\n')
	}
	if n > 0 {
		o.line++
		o.column, o.shift = 0, 0
	}
}

func (o *layout) pad(n int) {
	o.out.WriteString(strings.Repeat(" ", n))
	o.column += n
}

// indent is how far the next line is indented: for each line with a bracket that is open, and for a statement that goes on.
func (o *layout) indent(a, b *piece) int {
	levels := o.levels
	if b != nil {
		for i := o.next; i < len(o.pieces) && len(levels) > 0 && closesBracket(&o.pieces[i]); i++ {
			levels = levels[:len(levels)-1]
		}
	}
	n, last := 0, -1
	for _, line := range levels {
		if line != last {
			n, last = n+1, line
		}
	}
	if a != nil && b != nil && goesOn(a, b) {
		n++
	}
	return 2 * n
}

func closesBracket(p *piece) bool {
	return p.Type == tRParen || p.Type == tRBracket || p.Type == tRBrace
}

// goesOn says that b is not the beginning of a statement or of an element of a list.
func goesOn(a, b *piece) bool {
	switch b.Type {
	case tRParen, tRBracket, tRBrace, tElse, tElsif, tContinue, tLBlock:
		return false
	}
	switch a.Type {
	case tSemi, tLParen, tLBracket, tLBlock, tLHash, tLSub, tLabel:
		return false
	case tComma:
		return a.Value == "=>"
	case tRBrace:
		return !a.ofBlock
	}
	return true
}

// width is how many blanks stand between two tokens of one line.
func (o *layout) width(a, b *piece, touching bool, column int) int {
	switch {
	case b.Type == tSemi || b.Type == tComma && b.Value == ",":
		return 0
	case touching && (a.Type == tComma || a.Type == tSemi || isAssign(a) || isAssign(b)):
		return 1
	case touching:
		return 0
	}
	return o.between(column, false)
}

func isAssign(p *piece) bool { return p.Type == tOp && p.Value == "=" }

// between is the width of blanks that were there: one, or as many as keep the column.
func (o *layout) between(column int, comment bool) int {
	was := column - o.source
	switch {
	case was <= 0 && comment:
		return 2
	case was <= 1:
		return 1
	}
	return max(1, column+o.shift-o.column)
}

// sortPieces orders by place; tokens at one place keep their order.
func sortPieces(pieces []piece) {
	slices.SortStableFunc(pieces, func(a, b piece) int { return cmp.Compare(a.start, b.start) })
}
