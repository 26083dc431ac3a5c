package emit

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"mavis/rules/document"
)

// WritePerl writes a document as one amavisd.conf in the words of amavisd 2.13.
func WritePerl(w io.Writer, d *document.Document) error {
	p := &perl{}
	p.document(d)
	_, err := io.WriteString(w, p.out.String())
	return err
}

type perl struct {
	out strings.Builder
}

func (p *perl) line(format string, args ...any) { fmt.Fprintf(&p.out, format+"\n", args...) }

func (p *perl) document(d *document.Document) {
	p.line("use strict;")
	for line := range strings.Lines(d.Head) {
		p.line("# %s", strings.TrimRight(line, "\n"))
	}
	p.line("")
	for _, e := range d.Uses {
		var names []string
		for _, n := range e.Value.Items {
			names = append(names, n.Text)
		}
		p.line("use %s qw(%s);", e.Name, strings.Join(names, " "))
	}
	for _, e := range d.Own {
		if !strings.Contains(e.Name, "::") {
			p.line("our %s;", e.Name)
		}
	}
	for _, n := range d.Subs {
		p.line("%s", n.Text)
	}
	p.shared(d.Shared)
	for _, e := range d.Environment {
		if e.Value.Kind == document.Undef {
			p.line("delete $ENV{%s};", quote(e.Name))
		} else {
			p.line("$ENV{%s} = %s;", quote(e.Name), p.value(e.Value, document.Plain, 0))
		}
	}
	var late []document.Entry
	for _, e := range append(append([]document.Entry(nil), d.Own...), d.Settings...) {
		if readsTable(e.Value) {
			late = append(late, e)
			continue
		}
		p.entry(e)
	}
	for _, e := range late {
		p.entry(e)
	}
	for _, k := range d.Keys {
		args := []string{}
		for _, name := range []string{"domain", "selector", "key"} {
			args = append(args, p.inline(k.Get(name)))
		}
		for i, name := range k.Keys {
			switch name.Text {
			case "domain", "selector", "key":
			default:
				args = append(args, quote(name.Text)+" => "+p.inline(k.Items[i]))
			}
		}
		p.line("dkim_key(%s);%s", strings.Join(args, ", "), trailing(note(k.Span)))
	}
	p.line("\n1;  # a configuration ends with a true value")
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

func trailing(note string) string {
	if note == "" {
		return ""
	}
	return "  # " + note
}

// shared declares the shared values empty first, so that they may refer to each other.
func (p *perl) shared(entries []document.Entry) {
	for _, e := range entries {
		switch {
		case e.Value.Tag == document.TagScalar:
			p.line("my $%s = do { my $v; \\$v };", e.Name)
		case e.Value.Tag == document.TagTable:
			p.line("my $%s = new_RE();", e.Name)
		case e.Value.Kind == document.List:
			p.line("my $%s = [];", e.Name)
		default:
			p.line("my $%s = {};", e.Name)
		}
	}
	for _, e := range entries {
		switch {
		case e.Value.Tag == document.TagScalar:
			p.line("$$%s = %s;", e.Name, p.value(e.Value.Items[0], document.Plain, 0))
		case e.Value.Kind == document.List:
			p.line("@$%s = (%s);", e.Name, p.items(e.Value, 0))
		default:
			p.line("%%$%s = (%s);", e.Name, p.pairs(e.Value, document.Plain, 0))
		}
	}
}

// entry writes an assignment.
func (p *perl) entry(e document.Entry) {
	n, ctx := e.Value, document.Of(e.Name)
	if n.Tag == document.TagDefault {
		p.line("# %s keeps its built-in value.", e.Name)
		return
	}
	var head string
	if strings.Contains(e.Note, "\n") {
		e.Note = ""
	}
	put := func(text string) {
		if first, _, more := strings.Cut(text, "\n"); more && e.Note != "" && !strings.HasSuffix(first, "(") {
			p.line("# %s", e.Note)
			p.line("%s%s", head, text)
		} else if more && e.Note != "" {
			p.line("%s%s%s", head, first, trailing(e.Note)+text[len(first):])
		} else {
			p.line("%s%s%s", head, text, trailing(e.Note))
		}
	}
	switch e.Name[0] {
	case '$':
		head = e.Name + " = "
		put(p.value(n, ctx, 0) + ";")
	case '@':
		if n.Kind == document.List {
			head = e.Name + " = "
			put("(" + p.items(n, 0) + ");")
			return
		}
		p.line("%s = ();", e.Name)
		put(fileCall(n, "\\"+e.Name) + ";")
	case '%':
		switch {
		case n.Kind != document.Map:
			p.line("%s = ();", e.Name)
			put(fileCall(n, "\\"+e.Name) + ";")
		case ctx == document.Banks:
			p.banks(e, n)
		case n.Tag == document.TagAdd:
			for i, k := range n.Keys {
				if n.Items[i].Tag == document.TagDefault {
					p.line("# $%s{%s} keeps its built-in value.", e.Name[1:], subscript(k, ctx))
					continue
				}
				head = "$" + e.Name[1:] + "{" + subscript(k, ctx) + "} = "
				put(p.value(n.Items[i], ctx.Items(), 0) + ";")
			}
		default:
			head = e.Name + " = "
			put("(" + p.pairs(n, ctx, 0) + ");")
		}
	}
}

// banks writes policy banks, one statement each.
func (p *perl) banks(e document.Entry, n *document.Node) {
	if e.Note != "" {
		p.line("# %s", e.Note)
	}
	if n.Tag == document.TagWhole {
		p.line("%%policy_bank = ();  # the built-in bank included")
	}
	for i, k := range n.Keys {
		bank := n.Items[i]
		switch {
		case bank.Kind != document.Map || bank.Tag != "" && bank.Tag != document.TagAdd:
			p.line("$policy_bank{%s} = %s;", quote(k.Text), p.value(bank, document.Plain, 0))
		case bank.Tag == document.TagAdd:
			for j, m := range bank.Keys {
				p.line("$policy_bank{%s}{%s} = %s;", quote(k.Text), quote(m.Text), p.value(bank.Items[j], document.Member(m.Text), 0))
			}
		default:
			p.line("$policy_bank{%s} = {", quote(k.Text))
			for j, m := range bank.Keys {
				p.line("  %s => %s,", key(m.Text), p.value(bank.Items[j], document.Member(m.Text), 1))
			}
			p.line("};")
		}
	}
}

// key writes a key in front of =>.
func key(s string) string {
	if bareKey.MatchString(s) {
		return s
	}
	return quote(s)
}

var bareKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// subscript writes the key of an element.
func subscript(k *document.Node, ctx document.Context) string {
	if ctx.HasKeys() && k.Tag == "" {
		if name, minor, hasMinor := strings.Cut(k.Text, ","); strings.HasPrefix(name, "CC_") {
			if hasMinor {
				return name + ".'," + minor + "'"
			}
			return "+" + name
		}
	}
	return quote(k.Text)
}

const indent = "  "

// items writes the elements of a list, on one line where they fit.
func (p *perl) items(n *document.Node, level int) string {
	var parts []string
	for _, e := range n.Items {
		parts = append(parts, p.value(e, document.Plain, level+1))
	}
	return lay(parts, level)
}

func (p *perl) pairs(n *document.Node, ctx document.Context, level int) string {
	var parts []string
	for i, k := range n.Keys {
		v := p.value(n.Items[i], ctx.Items(), level+1)
		if ctx.HasKeys() && k.Tag == "" && strings.HasPrefix(k.Text, "CC_") {
			parts = append(parts, strings.TrimPrefix(subscript(k, ctx), "+")+", "+v)
		} else {
			parts = append(parts, quote(k.Text)+" => "+v)
		}
	}
	return lay(parts, level)
}

func lay(parts []string, level int) string {
	one := strings.Join(parts, ", ")
	if len(one) < 80 && !strings.Contains(one, "\n") {
		return one
	}
	pad := "\n" + strings.Repeat(indent, level+1)
	return pad + strings.Join(parts, ","+pad) + ",\n" + strings.Repeat(indent, level)
}

func (p *perl) inline(n *document.Node) string { return p.value(n, document.Plain, 20) }

// value writes a value as an expression.
func (p *perl) value(n *document.Node, ctx document.Context, level int) string {
	if n == nil {
		return "undef"
	}
	switch n.Tag {
	case document.TagRef:
		return "\\" + n.Text
	case document.TagShared:
		return "$" + n.Text
	case document.TagScalar:
		return "\\do { my $v = " + p.value(n.Items[0], document.Plain, level) + " }"
	case document.TagRegexp:
		return pattern(n.Text)
	case document.TagTable:
		return "new_RE(" + p.items(n, level) + ")"
	case document.TagSub:
		return "\\&" + n.Text
	case document.TagLate:
		return "sub { " + n.Text + " }"
	case document.TagCode:
		return n.Text
	case document.TagObject:
		return p.object(n, level)
	case document.TagHash, document.TagArray:
		return fileCall(n, "")
	case document.TagCIDR:
		return "read_cidr(" + quote(n.Text) + ")"
	}
	switch n.Kind {
	case document.Undef:
		return "undef"
	case document.Int, document.Float, document.Bool:
		return n.Text
	case document.List:
		return "[" + p.items(n, level) + "]"
	case document.Map:
		return "{" + p.pairs(n, ctx, level) + "}"
	}
	if _, ok := document.DestinyNumber(n.Text); ok && ctx == document.Destiny && n.Tag == "" {
		return n.Text
	}
	return quote(n.Text)
}

// object writes an object by the word that makes it, where there is one.
func (p *perl) object(n *document.Node, level int) string {
	class, data := n.Get("class").Text, n.Get("data")
	text := func(key string) string {
		if v := data.Get(key); v != nil && v.Kind == document.Text {
			return v.Text
		}
		return ""
	}
	kinds := map[string]string{"S-": "s", "N-": "n", "B-": "b"}
	switch {
	case class == "Amavis::Lookup::SQLfield" && len(data.Keys) == 2 && text("fieldname") != "" && kinds[text("fieldtype")] != "":
		return "q_sql_" + kinds[text("fieldtype")] + "(" + quote(text("fieldname")) + ")"
	case class == "Amavis::Lookup::LDAPattr" && len(data.Keys) == 2 && text("attrname") != "" && kinds[text("attrtype")] != "":
		return "q_ldap_" + kinds[text("attrtype")] + "(" + quote(text("attrname")) + ")"
	case data.Tag == document.TagScalar && (class == "Amavis::Lookup::Opaque" || class == "Amavis::Lookup::OpaqueRef"):
		return class[len("Amavis::Lookup::"):] + "(" + p.value(data.Items[0], document.Plain, level) + ")"
	}
	return "bless(" + p.value(data, document.Plain, level) + ", " + quote(class) + ")"
}

func fileCall(n *document.Node, into string) string {
	switch {
	case n.Tag == document.TagCIDR:
		return "read_cidr(" + quote(n.Text) + ", " + into + ")"
	case into == "":
		return n.Tag + "(" + quote(n.Text) + ")"
	}
	return n.Tag + "(" + into + ", " + quote(n.Text) + ")"
}

// quote writes text as a string of Perl.
func quote(s string) string {
	if visible(s) {
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch c := s[i]; {
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7f || r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, c)
		case strings.IndexByte(`"\$@`, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	b.WriteByte('"')
	return b.String()
}

// visible says that text may stand between single quotes as it is.
func visible(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return utf8.ValidString(s)
}

// escape is what a quote that interpolates would not leave alone.
var escape = regexp.MustCompile(`[$@]|\\[LUQEFluN\\]`)

// pattern writes /PATTERN/FLAGS as a qr of Perl.
func pattern(s string) string {
	last := strings.LastIndexByte(s, '/')
	text, flags := s[1:last], s[last+1:]
	plain := visible(text)
	switch {
	case plain && !strings.ContainsAny(text, "'") && !strings.HasSuffix(text, `\`):
		return "qr'" + text + "'" + flags
	case plain && !escape.MatchString(text) && !strings.HasSuffix(text, `\`):
		for _, d := range `"!,~;%` {
			if !strings.ContainsRune(text, d) {
				return "qr" + string(d) + text + string(d) + flags
			}
		}
	}
	return "do { my $p = " + quote(text) + "; qr/$p/" + flags + " }"
}
