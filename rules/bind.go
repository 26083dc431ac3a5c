package rules

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules/lookup"
	"mavis/rules/vars"
)

// Source gives the variables of package Amavis::Conf as they stand after all files have run and the after-defaults
// were supplied. Bind reads it; after Bind only Call is used, by one goroutine at a time.
type Source interface {
	// Scalar, Array and Hash give a variable by its name without sigil and package, nil when it does not exist.
	// The built-in policy bank is the element '' of Hash("policy_bank"): a hash from member names to references to the
	// variables themselves. Hash("current_policy_bank") is what the configuration's word c() reads.
	Scalar(name string) *eval.Scalar
	Array(name string) *eval.Array
	Hash(name string) *eval.Hash
	// Claim says that somebody reads this container (*eval.Scalar, *eval.Array or *eval.Hash), directly or through a
	// reference. A named variable that was set and is not claimed has no effect: the loader reports it.
	Claim(container any)
	// Call runs a sub of the configuration under a step limit. A native sub gets its arguments the same way.
	Call(code *eval.Code, args []eval.Value, want eval.Context) ([]eval.Value, error)
}

// The built-in defaults that are code look up another member of the bank in force. They are recognised, and resolved
// without the evaluator, in two forms: a sub of the configuration whose body is only such a call, and a native sub whose
// Name is the text of the call. The calls are c('x'), ca('x'), cr('x'), [ c('x') ] and Opaque(c('x')).

// ErrNoBank is returned for the name of a policy bank that the configuration does not define. amavisd ignores such a name.
var ErrNoBank = errors.New("no such policy bank")

// Diagnostic codes of this package; those of lookup tables are in package lookup.
const (
	CodeNotScalar   = "V200" // a number or text is wanted, a reference was given
	CodeNotNumber   = "V201" // a number is wanted, and the text is none
	CodeDestiny     = "V202" // a value that is no destiny
	CodeNotList     = "V203" // a list is wanted
	CodeListener    = "V204" // a socket that cannot be read
	CodeNoListener  = "V205" // no socket at all
	CodeCCat        = "V206" // a key of a by-category table that is no category
	CodeRange       = "V207" // a number out of its range
	CodeDataSource  = "V208" // a data source that cannot be read
	CodeDKIMKey     = "V209" // a signing key that cannot be read
	CodeNoBuiltin   = "B200" // the built-in policy bank was removed
	CodeNotBank     = "B201" // a policy bank that is no hash
	CodeNoMember    = "B202" // a policy bank sets what is no member
	CodeAction      = "B203" // code to be run when a bank is loaded
	CodeUnknownBank = "B204" // a bank is named that is not defined
	CodePairs       = "B205" // @client_ipaddr_policy is no list of pairs
	CodeScanner     = "S200" // a scanner entry that cannot be read
	CodeScannerSub  = "S201" // a scanner that calls a sub this program does not have
	CodeDecoder     = "S210" // a decoder entry that cannot be read
	CodeDecoderSub  = "S211" // a decoder that is a sub of the configuration's own
	CodeSpamScanner = "S220" // a spam scanner entry that cannot be read
)

// Bind makes the typed model. What it cannot read becomes a diagnostic with its place; after an error the Config must
// not be used to handle mail.
func Bind(src Source, bag *diag.Bag) *Config {
	b := &binder{src: src, bag: bag, cfg: &Config{src: src, banks: map[string]*eval.Hash{}}, seen: map[any]bool{}}
	b.bindBanks()
	b.bindGlobals()
	b.imply()
	b.bindListeners()
	b.checkMembers(b.cfg.base)
	for _, name := range b.cfg.Banks() {
		b.checkBank(name)
	}
	b.cfg.compiler.Freeze()
	return b.cfg
}

type binder struct {
	src  Source
	bag  *diag.Bag
	cfg  *Config
	seen map[any]bool
}

func (b *binder) bindBanks() {
	c := b.cfg
	c.base = &Policy{cfg: c, bank: map[string]*eval.Scalar{}}
	all := b.src.Hash("policy_bank")
	var builtin *eval.Hash
	if all != nil {
		b.src.Claim(all)
		for _, name := range all.Keys() {
			h, ok := all.Get(name).(*eval.Hash)
			switch {
			case name == "":
				builtin = h
			case !ok:
				b.bag.Errorf(CodeNotBank, elemSpan(all, name), "policy bank %s is no reference to a hash", name)
			default:
				c.banks[name] = h
			}
		}
	}
	if builtin == nil {
		// amavisd goes on with the values it started with
		if builtin = b.src.Hash("current_policy_bank"); builtin == nil {
			b.bag.Errorf(CodeNoBuiltin, source.Span{}, "there is no built-in policy bank")
			builtin = eval.NewHash()
		} else if all != nil {
			b.bag.Add(diag.Diagnostic{Code: CodeNoBuiltin, Severity: diag.Warning, Span: lookup.Place(all),
				Message: "this assignment to %policy_bank removes the built-in bank",
				Help:    "set single banks: $policy_bank{'NAME'} = { ... };"})
		}
	}
	for _, k := range builtin.Keys() {
		s := builtin.Lookup(k)
		if s == nil {
			s = &eval.Scalar{}
		}
		c.base.bank[k] = s
		c.members = append(c.members, k)
		b.claim(s.Get(), 0)
	}
	for _, k := range []string{"policy_bank_name", "policy_bank_path"} {
		if c.base.bank[k] == nil {
			c.members = append(c.members, k)
		}
		c.base.bank[k] = eval.NewScalar("")
	}
	c.base.settle()
}

// claim claims everything that can be reached from a value, and what code mentions by name.
func (b *binder) claim(v eval.Value, depth int) {
	if !eval.IsRef(v) || b.seen[v] || depth > maxReach {
		return
	}
	b.seen[v] = true
	switch x := v.(type) {
	case *eval.Scalar:
		b.src.Claim(x)
		b.claim(x.Get(), depth+1)
	case *eval.Array:
		b.src.Claim(x)
		for _, e := range x.Elems {
			b.claim(e.Get(), depth+1)
		}
	case *eval.Hash:
		b.src.Claim(x)
		for _, s := range x.M {
			b.claim(s.Get(), depth+1)
		}
	case *eval.Code:
		for _, m := range mentioned.FindAllStringSubmatch(x.Span.Text(), maxMentions) {
			if s := b.src.Scalar(m[1]); s != nil {
				b.claim(s, depth+1)
			}
			if a := b.src.Array(m[1]); a != nil {
				b.claim(a, depth+1)
			}
			if h := b.src.Hash(m[1]); h != nil {
				b.claim(h, depth+1)
			}
		}
	}
}

const (
	maxReach    = 50
	maxMentions = 1000
)

var mentioned = regexp.MustCompile(`[$@%]\{?(?:Amavis::Conf::)?([A-Za-z_]\w*)`)

func elemSpan(h *eval.Hash, key string) source.Span { return Map{h}.Origin(key) }

// checkBank reads a policy bank as if it were laid over the built-in one.
func (b *binder) checkBank(name string) {
	h := b.cfg.banks[name]
	for _, k := range h.Keys() {
		at := elemSpan(h, k)
		if k == "ACTION" {
			if _, ok := h.Get(k).(*eval.Code); ok {
				b.bag.Add(diag.Diagnostic{Code: CodeAction, Severity: diag.Error, Span: at,
					Message: "ACTION code of a policy bank is not run by this program", Help: "remove the ACTION member"})
			}
			continue
		}
		if b.cfg.base.bank[k] == nil {
			b.bag.Add(diag.Diagnostic{Code: CodeNoMember, Severity: diag.Warning, Span: at, Help: b.similarMember(k),
				Message: fmt.Sprintf("policy bank %s sets %q, which is no member of policy banks; it has no effect", name, k)})
			continue
		}
		b.claim(h.Get(k), 0)
	}
	p, err := b.cfg.base.With(name)
	if err != nil {
		b.bag.Errorf(CodeNotBank, lookup.Place(h), "%v", err)
		return
	}
	b.checkMembers(p)
}

func (b *binder) similarMember(name string) string {
	for _, sigil := range []string{"$", "@", "%"} {
		if v, ok := vars.Find(sigil + name); ok && v.AliasOf != "" {
			return "in a policy bank it must be called " + v.AliasOf[1:]
		} else if ok {
			return v.Name + " is global: it cannot differ between policy banks"
		}
	}
	var names []string
	for _, n := range vars.Similar("$" + name) {
		if b.cfg.base.bank[n[1:]] != nil {
			names = append(names, n[1:])
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "did you mean " + strings.Join(names, " or ") + "?"
}
