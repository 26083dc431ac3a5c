// Package lookup answers "what does this list of tables say about that address": hashes, access lists, regular
// expressions, networks, constants, code and the fields of databases, in the order and with the meaning of amavisd
// (README.lookups). An answer knows which entry gave it.
package lookup

import (
	"errors"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
)

// ErrUnavailable is wrapped by the error of a lookup that needs a database, DNS or the evaluator, when Options has
// nobody to ask.
var ErrUnavailable = errors.New("lookup is not available")

// Options are what a lookup depends on besides its key. The zero value fits lists of plain tables.
type Options struct {
	// LocalpartCaseSensitive is $localpart_is_case_sensitive: without it local parts are made lower case.
	LocalpartCaseSensitive bool
	// Delimiter is $recipient_delimiter: each of its bytes starts an address extension. "" means no extensions.
	Delimiter string
	// Append is put behind every key, as amavisd's AppendStr does.
	Append string
	// Resolver answers for tables that are no data. Nil makes them fail with ErrUnavailable.
	Resolver Resolver
}

// Resolver is the rest of the world to a list of tables. Its errors, like all errors of a lookup, mean "undecided":
// the caller must not read them as "no".
type Resolver interface {
	// Late gives what c, ca or cr says of another variable of the policy in force.
	Late(Late) (eval.Value, error)
	// Call runs a sub of the configuration with the key and get_all as arguments.
	Call(code *eval.Code, key string, all bool) (eval.Value, error)
	// Field asks a database or DNS. No answer is an empty slice. The Key of a Result is set by the resolver.
	Field(f *Field, key string, all bool) ([]Result, error)
}

// Result is an answer.
type Result struct {
	Value eval.Value
	// Key is the entry that matched: a hash key, an element of a list, a pattern as Perl prints it, "(constant:x)" or
	// "(opaque:x)". It is what amavisd calls the matching key.
	Key string
	// Label names the list of tables, such as "virus_lovers"; "" when it has none.
	Label string
	// Kind is the kind of the table that answered.
	Kind Kind
	// Origin is the place of the entry, or of its table when entries have none.
	Origin source.Span
	// Via is the variable, without sigil, that the table was only a name for; "" for tables of their own.
	Via string
}

// Bool is the truth of the value as Perl sees it.
func (r Result) Bool() bool { return eval.ToBool(r.Value) }

// Num is the value as a number.
func (r Result) Num() float64 { return eval.ToFloat(r.Value) }

// String is the value as text.
func (r Result) String() string { return eval.ToString(r.Value) }

// Kind is a kind of table.
type Kind int

// The kinds of tables. Label is no table: it names those that follow.
const (
	Constant Kind = iota
	Opaque
	Hash
	List
	Regexps
	NetList
	Label
	CodeTable
	LateTable
	SQL
	LDAP
	DNS
)

var kindNames = [...]string{"constant", "opaque", "hash", "list", "regexps", "networks", "label", "code", "late", "sql",
	"ldap", "dns"}

// String is the kind in one word.
func (k Kind) String() string { return kindNames[k] }

// Late is a reference by name, resolved through the policy in force: sub { c('x') } and its like.
type Late struct {
	Word string // c, ca or cr
	Name string // of a variable, without sigil
	Wrap string // "", "[" for [ c('x') ], or "Opaque"
}

// Field is a table that lives elsewhere.
type Field struct {
	Kind Kind   // SQL, LDAP or DNS
	Name string // of the SQL field or LDAP attribute; the zone of a DNS list
	Type string // as in amavisd: S, N, B, L with an optional - 0 1; "" for DNS
	// Names are the fields to return when more than one was asked for.
	Names []string
	// Expect is what a DNS list answers for a match: texts or a pattern. Empty means any address.
	Expect eval.Value
	// Args are the extra arguments of an SQL field.
	Args   []eval.Value
	Origin source.Span
}

// Origin of a container: where its present value was assigned.
func originOf(o *eval.Origin) source.Span {
	if o == nil {
		return source.Span{}
	}
	return o.Span
}

// Place is the origin of what a reference points to; the zero Span for plain values.
func Place(v eval.Value) source.Span {
	switch x := v.(type) {
	case *eval.Scalar:
		if x.Origin == nil {
			return Place(x.V)
		}
		return originOf(x.Origin)
	case *eval.Array:
		if x.Origin == nil && len(x.Elems) > 0 && x.Elems[0] != nil {
			return originOf(x.Elems[0].Origin)
		}
		return originOf(x.Origin)
	case *eval.Hash:
		return originOf(x.Origin)
	case *eval.Code:
		return x.Span
	case *eval.Regexp:
		return x.Span
	}
	return source.Span{}
}
