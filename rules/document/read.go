package document

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// Codes of this package's diagnostics.
const (
	CodeSyntax  = "Y001" // the text is no YAML
	CodeUnknown = "Y002" // a name that nothing has
	CodeShape   = "Y003" // a list where a map is wanted, and the like
	CodeBounds  = "Y004" // too large, too deep, anchors and aliases
	CodeTwice   = "Y005" // a key stands twice
	CodeTag     = "Y006" // a tag that is unknown, or stands on the wrong kind of value
	CodeVersion = "Y007" // a document of another version
)

// The bounds of a document.
const (
	MaxBytes = 2 << 20
	MaxDepth = 100
	maxNodes = 2_000_000
)

// Is says that a file holds a document and not Perl: by the end of its name, or because it begins with a YAML marker.
func Is(name string, text []byte) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml", ".json":
		return true
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	return bytes.HasPrefix(text, []byte("%YAML")) || marker.Match(text)
}

var marker = regexp.MustCompile(`^---(?:[ \t#]|\r?\n)`)

// reader turns YAML nodes into nodes of this package.
type reader struct {
	file  *source.File
	bag   *diag.Bag
	nodes int
}

// Read reads a document. What is wrong with it stands in bag as diag.Error, and ok is false; what could be read all the
// same is in d then, unless that is nil.
func Read(f *source.File, bag *diag.Bag) (d *Document, ok bool) {
	r := &reader{file: f, bag: &diag.Bag{}}
	defer func() {
		for _, x := range r.bag.All {
			bag.Add(x)
		}
		ok = !r.bag.HasErrors()
	}()
	if len(f.Text) > MaxBytes {
		r.fail(CodeBounds, source.Span{File: f}, "", "the file has %d bytes; a YAML configuration has at most %d", len(f.Text), MaxBytes)
		return nil, false
	}
	if at, long := longLines(f); long {
		r.fail(CodeBounds, at, "write one value on a line", "this line holds too many values for its length")
		return nil, false
	}
	dec := yaml.NewDecoder(bytes.NewReader(f.Text))
	var root yaml.Node
	if err := dec.Decode(&root); err != nil && !errors.Is(err, io.EOF) {
		r.syntax(err)
		return nil, false
	}
	var more yaml.Node
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		if err != nil {
			r.syntax(err)
		} else {
			r.fail(CodeSyntax, r.span(&more), "", "a second document begins here; a file holds one")
		}
		return nil, false
	}
	if root.Kind == 0 {
		return &Document{}, true
	}
	top := r.node(root.Content[0], 0)
	if top == nil || r.bag.HasErrors() {
		return nil, false
	}
	return r.document(top), true
}

func (r *reader) fail(code string, at source.Span, help, format string, args ...any) {
	r.bag.Add(diag.Diagnostic{Code: code, Severity: diag.Error, Span: at, Help: help, Message: fmt.Sprintf(format, args...)})
}

// maxScan bounds the work of the YAML parser, which looks through a whole line again for each of its values.
const maxScan = 1 << 28

// longLines says whether the lines of a file are too much for the parser together, and at which it becomes so.
func longLines(f *source.File) (source.Span, bool) {
	work, start := 0, 0
	for line := range bytes.Lines(f.Text) {
		if len(line) > 1000 {
			signs := 0
			for _, c := range line {
				switch c {
				case ',', '[', ']', '{', '}', ':', '-', '?':
					signs++
				}
			}
			if work += signs * len(line); work > maxScan {
				return source.Span{File: f, Start: start, End: start + 1}, true
			}
		}
		start += len(line)
	}
	return source.Span{}, false
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)

// syntax reports an error of the YAML parser. Its text may show a part of a line, but not a value.
func (r *reader) syntax(err error) {
	text := err.Error()
	at := source.Span{File: r.file}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		text = text[len(m[0]):]
		at.Start = r.file.LineStart(n)
		at.End = at.Start + len(r.file.Line(n))
	}
	r.fail(CodeSyntax, at, "", "this is no YAML: %s", strings.TrimPrefix(text, "yaml: "))
}

// span is the place of a YAML node.
func (r *reader) span(n *yaml.Node) source.Span {
	if n.Line < 1 {
		return source.Span{File: r.file}
	}
	line := r.file.Line(n.Line)
	start, column := 0, n.Column
	for ; column > 1 && start < len(line); column-- {
		_, size := utf8.DecodeRuneInString(line[start:])
		start += size
	}
	end := len(strings.TrimRight(line, " \t\r"))
	if n.Kind == yaml.ScalarNode && n.Value != "" && start < len(line) {
		if i := strings.Index(line[start:], n.Value); i >= 0 {
			end = start + i + len(n.Value)
			if end < len(line) && i > 0 && line[end] == line[start+i-1] && (line[end] == '"' || line[end] == '\'') {
				end++
			}
		}
	}
	base := r.file.LineStart(n.Line)
	return source.Span{File: r.file, Start: base + start, End: base + max(start, end)}
}

// node converts a YAML node; nil after an error.
func (r *reader) node(y *yaml.Node, depth int) *Node {
	at := r.span(y)
	r.nodes++
	switch {
	case depth > MaxDepth:
		r.fail(CodeBounds, at, "", "more than %d levels", MaxDepth)
		return nil
	case r.nodes > maxNodes:
		if r.nodes == maxNodes+1 {
			r.fail(CodeBounds, at, "", "more than %d values", maxNodes)
		}
		return nil
	case y.Kind == yaml.AliasNode, y.Anchor != "":
		r.fail(CodeBounds, at, "put the value under \"shared\" and refer to it by !shared NAME", "anchors and aliases are not read")
		return nil
	}
	n := &Node{Span: at}
	if y.Style&yaml.TaggedStyle != 0 || strings.HasPrefix(y.Tag, "!") && !strings.HasPrefix(y.Tag, "!!") {
		n.Tag = strings.TrimPrefix(y.Tag, "!")
	}
	switch y.Kind {
	case yaml.SequenceNode:
		n.Kind = List
		for _, c := range y.Content {
			e := r.node(c, depth+1)
			if e == nil {
				return nil
			}
			n.Items = append(n.Items, e)
		}
	case yaml.MappingNode:
		n.Kind = Map
		if !r.pairs(n, y, depth) {
			return nil
		}
	case yaml.ScalarNode:
		if !r.scalar(n, y) {
			return nil
		}
	default:
		r.fail(CodeSyntax, at, "", "nothing is here")
		return nil
	}
	return r.tagged(n)
}

func (r *reader) pairs(n *Node, y *yaml.Node, depth int) bool {
	seen := map[string]source.Span{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := r.node(y.Content[i], depth+1), r.node(y.Content[i+1], depth+1)
		if k == nil || v == nil {
			return false
		}
		if k.Kind == List || k.Kind == Map || k.Kind == Undef {
			r.fail(CodeShape, k.Span, "", "a key must be text")
			return false
		}
		if k.Kind == Bool { // true and false as keys are words
			k.Text = y.Content[i].Value
		}
		k.Kind = Text
		if first, twice := seen[k.Tag+" "+k.Text]; twice {
			r.bag.Add(diag.Diagnostic{Code: CodeTwice, Severity: diag.Error, Span: k.Span, Message: "this key stands twice",
				Related: []diag.Related{{Span: first, Message: "first here"}}})
			return false
		}
		seen[k.Tag+" "+k.Text] = k.Span
		n.Keys, n.Items = append(n.Keys, k), append(n.Items, v)
	}
	return true
}

// scalar types a scalar. A key keeps its text as it was written.
func (r *reader) scalar(n *Node, y *yaml.Node) bool {
	n.Kind, n.Text = Text, y.Value
	if n.Tag != "" && !strings.HasPrefix(n.Tag, "!") {
		return true
	}
	n.Tag = ""
	switch y.ShortTag() {
	case "!!null":
		n.Kind, n.Text = Undef, ""
	case "!!bool":
		n.Kind, n.Text = Bool, "0"
		if strings.EqualFold(y.Value, "true") {
			n.Text = "1"
		}
	case "!!int":
		i, err := strconv.ParseInt(strings.ReplaceAll(y.Value, "_", ""), 0, 64)
		if err != nil {
			n.Kind = Text // beyond 64 bits
			return true
		}
		n.Kind, n.Text = Int, strconv.FormatInt(i, 10)
	case "!!float":
		f, err := strconv.ParseFloat(strings.ReplaceAll(y.Value, "_", ""), 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			r.fail(CodeShape, n.Span, "", "this is no number that a setting can hold")
			return false
		}
		n.Kind, n.Text = Float, strconv.FormatFloat(f, 'g', -1, 64)
		if strings.Trim(n.Text, "-0123456789") == "" {
			n.Kind = Int
		}
	case "!!binary":
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(y.Value), ""))
		if err != nil {
			r.fail(CodeShape, n.Span, "", "this is not base64")
			return false
		}
		n.Text = string(raw)
	case "!!str", "!!timestamp", "!!merge":
	default:
		r.fail(CodeTag, n.Span, "", "the tag %s has no meaning here", y.ShortTag())
		return false
	}
	return true
}

// wants says what kind of value a tag stands on.
func wants(tag string) (Kind, bool) {
	switch tag {
	case TagScalar, TagTable, tagMap:
		return List, true
	case TagObject, TagAdd, TagWhole:
		return Map, true
	case TagRef, TagShared, TagRegexp, TagSub, TagLate, TagCode, TagSecret, TagText, TagHash, TagArray, TagCIDR, tagBinary, TagDefault:
		return Text, true
	}
	return Undef, false
}

// tagged resolves the form {"!tag": value}, checks tags, and resolves those that only help writing.
func (r *reader) tagged(n *Node) *Node {
	if n.Kind == Map && len(n.Keys) == 1 && n.Tag == "" && strings.HasPrefix(n.Keys[0].Text, "!") {
		v := *n.Items[0]
		if v.Tag != "" {
			r.fail(CodeTag, n.Span, "", "two tags on one value")
			return nil
		}
		v.Tag, v.Span = n.Keys[0].Text[1:], n.Span
		if v.Tag == "" {
			v.Tag = "!"
		}
		if v.Kind == Int || v.Kind == Float || v.Kind == Undef {
			v.Kind = Text
		}
		n = &v
	}
	if n.Tag == "" {
		return n
	}
	kind, known := wants(n.Tag)
	switch {
	case !known:
		r.fail(CodeTag, n.Span, "", "unknown tag !%s", cut(n.Tag))
		return nil
	case n.Kind != kind:
		r.fail(CodeTag, n.Span, "", "!%s stands in front of %s", n.Tag, [...]string{Text: "text", List: "a list", Map: "a map"}[kind])
		return nil
	}
	switch n.Tag {
	case TagDefault:
		n.Kind, n.Text = Undef, ""
	case tagBinary:
		raw, err := base64.StdEncoding.DecodeString(n.Text)
		if err != nil {
			r.fail(CodeShape, n.Span, "", "this is not base64")
			return nil
		}
		n.Tag, n.Text = "", string(raw)
	case tagMap:
		return r.pairList(n)
	case TagScalar:
		if len(n.Items) != 1 {
			r.fail(CodeShape, n.Span, "", "!sref stands in front of a list of one value")
			return nil
		}
	}
	return n
}

func (r *reader) pairList(n *Node) *Node {
	m := &Node{Kind: Map, Span: n.Span}
	seen := map[string]bool{}
	for _, pair := range n.Items {
		if pair.Kind != List || len(pair.Items) != 2 || pair.Items[0].Kind != Text && pair.Items[0].Kind != Int {
			r.fail(CodeShape, pair.Span, "", "!map wants pairs of key and value")
			return nil
		}
		k := pair.Items[0]
		k.Kind = Text
		if seen[k.Tag+" "+k.Text] {
			r.fail(CodeTwice, k.Span, "", "this key stands twice")
			return nil
		}
		seen[k.Tag+" "+k.Text] = true
		m.Keys, m.Items = append(m.Keys, k), append(m.Items, pair.Items[1])
	}
	return m
}

// cut shortens what a file says for a message.
func cut(s string) string {
	if len(s) > 40 {
		s = s[:40] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}
