// Package document holds a configuration as plain data, the way it stands in YAML or JSON: values with their types, and
// by tags what only Perl has: references to variables, patterns, code. It reads and writes both forms, strictly and
// within bounds. Package load makes live variables of a Document, package emit a Document of live variables.
package document

import (
	"mavis/perlconf/source"
)

// Version is the number that the member "mavis" of a document carries.
const Version = 1

// Kind is what a node holds.
type Kind int

// The kinds.
const (
	Undef Kind = iota
	Text       // bytes
	Int        // Text is a decimal number
	Float      // Text is a decimal fraction
	Bool       // Text is "1" or "0"
	List
	Map // Keys and Items belong together
)

// The tags. In YAML they are written !ref, in JSON {"!ref": ...}.
const (
	TagRef     = "ref"        // text: the variable, with sigil, that is referred to
	TagShared  = "shared"     // text: a name in Document.Shared
	TagScalar  = "sref"       // a list of one: a reference to a scalar that holds it
	TagRegexp  = "re"         // text: /PATTERN/FLAGS
	TagTable   = "new_RE"     // list: a table of patterns, or of lists of pattern and value
	TagSub     = "sub"        // text: a sub by name, of the program or of Document.Subs
	TagLate    = "late"       // text: c('NAME') and its like, looked up in the policy bank in force
	TagCode    = "code"       // text: sub { ... }
	TagObject  = "object"     // map of class and data
	TagSecret  = "secret"     // text that must not be shown
	TagText    = "text"       // text that is meant literally where a symbol could stand
	TagAdd     = "add"        // map, for a hash: its keys are added to what is there
	TagWhole   = "whole"      // map, for %policy_bank: it replaces everything, the built-in bank included
	TagDefault = "default"    // an element whose value of code or text is built in, and stays
	TagHash    = "read_hash"  // text: a file that read_hash reads
	TagArray   = "read_array" // text: a file that read_array reads
	TagCIDR    = "read_cidr"  // text: a file that read_cidr reads
	tagMap     = "map"        // a list of pairs: a map whose single key looks like a tag
	tagBinary  = "binary"     // text in base64
)

// Node is a value. Span is where it was read; when a Document is written it is the place that Note tells people.
type Node struct {
	Kind  Kind
	Tag   string
	Text  string
	Keys  []*Node
	Items []*Node
	Span  source.Span
}

// Entry is a named value. Names carry their sigil; those of Document.Own also a package when it is not amavisd's.
type Entry struct {
	Name  string
	Value *Node
	Span  source.Span
	Note  string // where the value comes from, for people
}

// Document is a configuration.
type Document struct {
	Settings    []Entry // amavisd's own variables
	Own         []Entry // variables that only the configuration itself knows
	Uses        []Entry // modules, and lists of the words taken from them
	Subs        []*Node // definitions of named subs and constants, as Perl text
	Shared      []Entry // values that several others refer to
	Environment []Entry // members of %ENV; undef removes one
	Keys        []*Node // signing keys: maps of the arguments of dkim_key
	Head        string  // a comment at the top
}

// Equal says that two nodes mean the same. The order of the keys of a map has no meaning.
func Equal(a, b *Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Tag != b.Tag || a.Text != b.Text || len(a.Items) != len(b.Items) || len(a.Keys) != len(b.Keys) {
		return false
	}
	if a.Kind != Map {
		for i := range a.Items {
			if !Equal(a.Items[i], b.Items[i]) {
				return false
			}
		}
		return true
	}
	at := make(map[string]*Node, len(b.Keys))
	for i, k := range b.Keys {
		at[k.Tag+" "+k.Text] = b.Items[i]
	}
	for i, k := range a.Keys {
		if other, ok := at[k.Tag+" "+k.Text]; !ok || !Equal(a.Items[i], other) {
			return false
		}
	}
	return true
}

// Get gives the item of a plain key of a map, nil when there is none.
func (n *Node) Get(key string) *Node {
	for i, k := range n.Keys {
		if k.Text == key {
			return n.Items[i]
		}
	}
	return nil
}

// Put adds a plain key to a map.
func (n *Node) Put(key string, value *Node) {
	n.Keys = append(n.Keys, NewText(key))
	n.Items = append(n.Items, value)
}

// NewText makes a node of plain text.
func NewText(s string) *Node { return &Node{Kind: Text, Text: s} }

// NewList makes a list.
func NewList(items ...*Node) *Node { return &Node{Kind: List, Items: items} }

// Tagged makes a node of tagged text.
func Tagged(tag, text string) *Node { return &Node{Kind: Text, Tag: tag, Text: text} }

// Secrets says whether a tagged secret stands anywhere in the document.
func (d *Document) Secrets() bool {
	found := false
	d.walk(func(n *Node) { found = found || n.Tag == TagSecret })
	return found
}

// walk visits every node of the document.
func (d *Document) walk(visit func(*Node)) {
	var node func(n *Node)
	node = func(n *Node) {
		visit(n)
		for _, e := range n.Items {
			node(e)
		}
	}
	for _, entries := range [][]Entry{d.Settings, d.Own, d.Shared, d.Environment} {
		for _, e := range entries {
			node(e.Value)
		}
	}
	for _, n := range append(append([]*Node(nil), d.Subs...), d.Keys...) {
		node(n)
	}
}
