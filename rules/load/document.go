package load

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/regex"
	"mavis/perlconf/source"
	"mavis/rules/document"
)

// CodeDocument is the code of what is wrong in a YAML configuration beyond its form: a reference to what is not there, a
// pattern or code that cannot be read.
const CodeDocument = "L110"

// readDocument does what a YAML file says, as if it were so many assignments.
func (l *loader) readDocument(src *source.File) error {
	var own diag.Bag
	d, ok := document.Read(src, &own)
	var first error
	for _, x := range own.All {
		l.opt.Bag.Add(x)
		if x.Severity == diag.Error && first == nil {
			first = &eval.Error{Diag: x}
		}
	}
	if !ok && (d == nil || !l.opt.KeepGoing) {
		return first
	}
	l.broken = l.broken || !ok
	l.vars.documents = append(l.vars.documents, src)
	a := &assigner{l: l, src: src, shared: map[string]eval.Value{}}
	return a.document(d)
}

// assigner makes live variables of a document.
type assigner struct {
	l      *loader
	src    *source.File
	shared map[string]eval.Value
}

func (a *assigner) fail(at source.Span, format string, args ...any) error {
	return eval.Fail(CodeDocument, at, "", format, args...)
}

func (a *assigner) document(d *document.Document) error {
	if err := a.words(d); err != nil {
		return err
	}
	for _, e := range d.Own { // so that references to them find them
		a.l.in.Declare(Package, e.Name)
	}
	if err := a.share(d.Shared); err != nil {
		return err
	}
	var late []document.Entry
	for _, e := range append(append([]document.Entry(nil), d.Own...), d.Settings...) {
		if readsTable(e.Value) { // how a table is read depends on other settings
			late = append(late, e)
			continue
		}
		if err := a.l.passOver(a.entry(e)); err != nil {
			return err
		}
	}
	for _, e := range late {
		if err := a.l.passOver(a.entry(e)); err != nil {
			return err
		}
	}
	env := a.l.in.Hash("main", "ENV")
	for _, e := range d.Environment {
		v, err := a.value(e.Value, document.Plain)
		if err != nil {
			return err
		}
		if v == nil {
			env.Delete(e.Name)
			continue
		}
		env.Put(e.Name, v).Mark(e.Span)
	}
	for _, k := range d.Keys {
		if err := a.l.passOver(a.key(k)); err != nil {
			return err
		}
	}
	return nil
}

// words takes in what code needs: modules, named subs and constants.
func (a *assigner) words(d *document.Document) error {
	for _, e := range d.Uses {
		var names []string
		for _, n := range e.Value.Items {
			if strings.Trim(n.Text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:") != "" {
				return a.fail(n.Span, "this is no word of a module")
			}
			names = append(names, n.Text)
		}
		if _, err := a.perl(e.Span, "use "+e.Name+" qw("+strings.Join(names, " ")+"); 1"); err != nil {
			return err
		}
	}
	for _, n := range d.Subs {
		if _, err := a.perl(n.Span, n.Text+"\n;1"); err != nil {
			return err
		}
	}
	return nil
}

// perl runs a piece of Perl that stands at a place of the document. The text is moved there, so that lines are right.
func (a *assigner) perl(at source.Span, text string) (eval.Value, error) {
	line := at.Pos().Line
	if strings.HasSuffix(strings.TrimRight(a.src.Line(line), " \t\r"), "|-") || strings.HasSuffix(strings.TrimRight(a.src.Line(line), " \t\r"), "|") {
		line++ // the text of a literal block begins below its mark
	}
	f := source.New(a.src.Name, []byte(strings.Repeat("\n", max(0, line-1))+text))
	f.IncludedAt, f.Fragment = a.src.IncludedAt, true
	return a.l.in.RunSource(f)
}

func readsTable(n *document.Node) bool {
	switch n.Tag {
	case document.TagHash, document.TagArray, document.TagCIDR:
		return true
	}
	for _, e := range n.Items {
		if readsTable(e) {
			return true
		}
	}
	return false
}

// share makes the shared values: first empty ones, so that they may refer to each other, then their content.
func (a *assigner) share(entries []document.Entry) error {
	for _, e := range entries {
		switch {
		case e.Value.Tag == document.TagScalar:
			a.shared[e.Name] = eval.NewScalar(nil)
		case e.Value.Kind == document.List && (e.Value.Tag == "" || e.Value.Tag == document.TagTable):
			a.shared[e.Name] = &eval.Array{}
		case e.Value.Kind == document.Map && e.Value.Tag == "":
			a.shared[e.Name] = eval.NewHash()
		default:
			return a.fail(e.Value.Span, "a shared value is a list, a map, a table of patterns or a reference to a scalar")
		}
	}
	for _, e := range entries {
		switch c := a.shared[e.Name].(type) {
		case *eval.Scalar:
			v, err := a.value(e.Value.Items[0], document.Plain)
			if err != nil {
				return err
			}
			c.V = v
			c.Mark(e.Value.Span)
		case *eval.Array:
			if e.Value.Tag == document.TagTable {
				c.Class = classRE
			}
			if err := a.fillArray(c, e.Value); err != nil {
				return err
			}
		case *eval.Hash:
			if err := a.fillHash(c, e.Value, document.Plain); err != nil {
				return err
			}
		}
	}
	return nil
}

// entry assigns to one variable.
func (a *assigner) entry(e document.Entry) error {
	n := e.Value
	if n.Tag == document.TagDefault {
		return nil
	}
	ctx := document.Of(e.Name)
	switch c := container(a.l.in, e.Name).(type) {
	case *eval.Scalar:
		v, err := a.value(n, ctx)
		if err != nil {
			return err
		}
		if err := c.Set(v); err != nil {
			return a.fail(n.Span, "%s cannot be set: %v", e.Name, err)
		}
		c.Mark(e.Span.Join(n.Span))
	case *eval.Array:
		c.Elems = nil
		c.Mark(e.Span)
		if n.Kind == document.List {
			return a.fillArray(c, n)
		}
		return a.table(n, c)
	case *eval.Hash:
		if n.Tag != document.TagAdd && ctx != document.Banks || n.Tag == document.TagWhole {
			c.Clear()
			c.Mark(e.Span)
		}
		if n.Kind == document.Map {
			return a.fillHash(c, n, ctx)
		}
		return a.table(n, c)
	}
	return nil
}

func (a *assigner) fillArray(c *eval.Array, n *document.Node) error {
	for _, e := range n.Items {
		v, err := a.value(e, document.Plain)
		if err != nil {
			return err
		}
		c.Push(v)
		c.Elems[len(c.Elems)-1].Mark(e.Span)
	}
	if c.Origin == nil {
		c.Mark(n.Span)
	}
	return nil
}

func (a *assigner) fillHash(c *eval.Hash, n *document.Node, ctx document.Context) error {
	for i, k := range n.Keys {
		e := n.Items[i]
		if e.Tag == document.TagDefault {
			continue
		}
		key := k.Text
		if num, ok := document.CategoryKeyOf(key); ok && ctx.HasKeys() && k.Tag == "" {
			key = num
		}
		v, err := a.member(key, e, ctx)
		if err != nil {
			return err
		}
		s := c.At(key)
		if err := s.Set(v); err != nil {
			return a.fail(e.Span, "this member cannot be set: %v", err)
		}
		s.Mark(k.Span.Join(e.Span))
	}
	if c.Origin == nil {
		c.Mark(n.Span)
	}
	return nil
}

// member gives the value of a member of a map; those of policy banks are read as the variables are.
func (a *assigner) member(key string, n *document.Node, ctx document.Context) (eval.Value, error) {
	if ctx != document.Banks || n.Kind != document.Map || n.Tag != "" && n.Tag != document.TagAdd {
		return a.value(n, ctx.Items())
	}
	bank := eval.NewHash()
	if n.Tag == document.TagAdd {
		if h, ok := a.l.in.Hash(Package, "policy_bank").Get(key).(*eval.Hash); ok {
			bank = h
		}
	} else {
		bank.Mark(n.Span)
	}
	for i, k := range n.Keys {
		v, err := a.value(n.Items[i], document.Member(k.Text))
		if err != nil {
			return nil, err
		}
		s := bank.At(k.Text)
		s.V = v
		s.Mark(k.Span.Join(n.Items[i].Span))
	}
	return bank, nil
}

// value makes a live value.
func (a *assigner) value(n *document.Node, ctx document.Context) (eval.Value, error) {
	if n.Tag != "" {
		return a.tagged(n)
	}
	switch n.Kind {
	case document.Undef:
		return nil, nil
	case document.Text:
		if num, ok := document.DestinyNumber(n.Text); ok && ctx == document.Destiny {
			i, err := strconv.ParseInt(num, 10, 64)
			return i, err
		}
		return n.Text, nil
	case document.Int, document.Bool:
		return strconv.ParseInt(n.Text, 10, 64)
	case document.Float:
		return strconv.ParseFloat(n.Text, 64)
	case document.List:
		c := &eval.Array{}
		return c, a.fillArray(c, n)
	}
	c := eval.NewHash()
	return c, a.fillHash(c, n, ctx)
}

func (a *assigner) tagged(n *document.Node) (eval.Value, error) {
	switch n.Tag {
	case document.TagSecret, document.TagText:
		return n.Text, nil
	case document.TagRef:
		return a.reference(n)
	case document.TagShared:
		if v, ok := a.shared[n.Text]; ok {
			return v, nil
		}
		return nil, a.fail(n.Span, "nothing of that name stands under shared")
	case document.TagScalar:
		v, err := a.value(n.Items[0], document.Plain)
		s := eval.NewScalar(v)
		s.Mark(n.Span)
		return s, err
	case document.TagRegexp:
		return a.pattern(n)
	case document.TagTable:
		c := &eval.Array{Class: classRE}
		return c, a.fillArray(c, n)
	case document.TagSub:
		return a.sub(n)
	case document.TagLate:
		v, err := a.perl(n.Span, "(sub { "+n.Text+" })")
		return v, err
	case document.TagCode:
		v, err := a.perl(n.Span, "("+n.Text+"\n)")
		if _, ok := v.(*eval.Code); !ok && err == nil {
			err = a.fail(n.Span, "this is no sub { ... }")
		}
		return v, err
	case document.TagObject:
		return a.object(n)
	case document.TagHash:
		c := eval.NewHash()
		return c, a.table(n, c)
	case document.TagArray:
		c := &eval.Array{}
		return c, a.table(n, c)
	case document.TagCIDR:
		c := &eval.Array{}
		return c, a.table(n, c)
	}
	return nil, a.fail(n.Span, "!%s cannot stand here", n.Tag)
}

// reference gives a reference to a variable.
func (a *assigner) reference(n *document.Node) (eval.Value, error) {
	if c := a.l.variable(n.Text); c != nil {
		return c, nil
	}
	return nil, a.fail(n.Span, "there is no variable of that name; write it with its sigil, and your own under own")
}

func (a *assigner) pattern(n *document.Node) (eval.Value, error) {
	last := strings.LastIndexByte(n.Text, '/')
	if last < 1 || n.Text[0] != '/' {
		return nil, a.fail(n.Span, "a pattern is written /PATTERN/ or /PATTERN/FLAGS")
	}
	pattern, flags := n.Text[1:last], n.Text[last+1:]
	re, err := regex.Compile(pattern, flags)
	if err != nil {
		return nil, a.fail(n.Span, "the pattern cannot be read: %v", err)
	}
	return &eval.Regexp{Pattern: pattern, Flags: flags, RE: re, Span: n.Span}, nil
}

// sub refers to a sub by name. As in Perl it need not be there before it is called.
func (a *assigner) sub(n *document.Node) (eval.Value, error) {
	if !subName.MatchString(n.Text) {
		return nil, a.fail(n.Span, "this is no name of a sub")
	}
	return a.perl(n.Span, "(\\&"+n.Text+")")
}

var subName = regexp.MustCompile(`^[A-Za-z_]\w*(?:::\w+)*$`)

func (a *assigner) object(n *document.Node) (eval.Value, error) {
	class, data := n.Get("class"), n.Get("data")
	if class == nil || data == nil || class.Kind != document.Text || len(n.Keys) != 2 {
		return nil, a.fail(n.Span, "an object is a map of class and data")
	}
	v, err := a.value(data, document.Plain)
	if err != nil {
		return nil, err
	}
	switch c := v.(type) {
	case *eval.Array:
		c.Class = class.Text
	case *eval.Hash:
		c.Class = class.Text
	case *eval.Scalar:
		c.Class = class.Text
	default:
		return nil, a.fail(data.Span, "the data of an object are a list, a map or !sref")
	}
	return v, nil
}

// table reads a file into a container.
func (a *assigner) table(n *document.Node, into eval.Value) error {
	word := map[string]native{document.TagHash: a.l.readHash, document.TagArray: a.l.readArray, document.TagCIDR: a.l.readCIDR}[n.Tag]
	if word == nil {
		return a.fail(n.Span, "!%s cannot stand here", n.Tag)
	}
	args := []*eval.Scalar{eval.NewScalar(into), eval.NewScalar(n.Text)}
	if n.Tag == document.TagCIDR {
		args[0], args[1] = args[1], args[0]
	}
	_, err := a.l.table(n.Tag, word)(&eval.Call{In: a.l.in, Args: args, Span: n.Span})
	return a.placed(err, n.Span)
}

// key calls dkim_key.
func (a *assigner) key(n *document.Node) error {
	var args []*eval.Scalar
	for _, name := range []string{"domain", "selector", "key"} {
		var v eval.Value
		if m := n.Get(name); m != nil {
			var err error
			if v, err = a.value(m, document.Plain); err != nil {
				return err
			}
		}
		args = append(args, eval.NewScalar(v))
	}
	for i, k := range n.Keys {
		switch k.Text {
		case "domain", "selector", "key":
			continue
		}
		v, err := a.value(n.Items[i], document.Plain)
		if err != nil {
			return err
		}
		args = append(args, eval.NewScalar(k.Text), eval.NewScalar(v))
	}
	_, err := a.l.dkimKey(&eval.Call{In: a.l.in, Args: args, Span: n.Span})
	return a.placed(err, n.Span)
}

// placed gives an error a place when it has none.
func (a *assigner) placed(err error, at source.Span) error {
	if err == nil {
		return nil
	}
	var e *eval.Error
	if errors.As(err, &e) {
		if e.Diag.Span.IsZero() {
			e.Diag.Span = at
		}
		return err
	}
	return a.fail(at, "%s", fmt.Sprint(err))
}

// variable finds a variable by its name with sigil, and perhaps a package.
func (l *loader) variable(name string) eval.Value {
	if len(name) < 2 || strings.IndexByte("$@%", name[0]) < 0 {
		return nil
	}
	pkg, bare := Package, name[1:]
	if i := strings.LastIndex(bare, "::"); i >= 0 {
		pkg, bare = bare[:i], bare[i+2:]
	} else if c := l.vars.lookup(name); c != nil {
		return c
	}
	if !l.in.Declared(pkg, name[:1]+bare) {
		return nil
	}
	switch name[0] {
	case '$':
		return l.in.Scalar(pkg, bare)
	case '@':
		return l.in.Array(pkg, bare)
	}
	return l.in.Hash(pkg, bare)
}
