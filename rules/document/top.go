package document

import (
	"strconv"
	"strings"

	"mavis/perlconf/source"
	"mavis/rules/vars"
)

// The members of a document that are no settings.
const (
	memberVersion     = "mavis"
	memberOwn         = "own"
	memberUses        = "uses"
	memberSubs        = "subs"
	memberShared      = "shared"
	memberEnvironment = "environment"
	memberKeys        = "dkim_keys"
	memberOrigins     = "origins" // of JSON, which has no comments; not read
)

// Resolve gives the variable, with sigil, that a member names: with its sigil, or without where only one is meant.
func Resolve(member string) (name string, candidates []string) {
	if member == "" {
		return "", nil
	}
	if strings.IndexByte("$@%", member[0]) >= 0 {
		if _, ok := vars.Find(member); ok {
			return member, nil
		}
		return "", vars.Similar(member)
	}
	var found []string
	for _, sigil := range []string{"$", "@", "%"} {
		if _, ok := vars.Find(sigil + member); ok {
			found = append(found, sigil+member)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", bare(vars.Similar("$" + member))
	}
	return "", found
}

// Member is the way back: the name without its sigil, where that says enough.
func MemberOf(name string) string {
	if found, _ := Resolve(name[1:]); found == name {
		return name[1:]
	}
	return name
}

func bare(names []string) []string {
	var out []string
	for _, n := range names {
		if n = MemberOf(n); len(out) == 0 || out[len(out)-1] != n {
			out = append(out, n)
		}
	}
	return out
}

// document sorts the members of the top map.
func (r *reader) document(top *Node) *Document {
	if top.Kind != Map || top.Tag != "" {
		r.fail(CodeShape, top.Span, "", "a configuration is a map of settings")
		return nil
	}
	d := &Document{}
	seen := map[string]source.Span{}
	for i, k := range top.Keys {
		v := top.Items[i]
		switch k.Text {
		case memberVersion:
			if v.Kind != Int || v.Text != strconv.Itoa(Version) {
				r.fail(CodeVersion, v.Span, "", "this is a document of version %s; version %d is read", cut(v.Text), Version)
			}
		case memberOwn:
			d.Own = r.entries(k, v, func(e Entry) bool { return ownName(e.Name) })
		case memberShared:
			d.Shared = r.entries(k, v, nil)
		case memberEnvironment:
			d.Environment = r.entries(k, v, nil)
		case memberUses:
			d.Uses = r.entries(k, v, func(e Entry) bool { return moduleName(e.Name) })
		case memberSubs:
			d.Subs = r.list(k, v, Text)
		case memberKeys:
			d.Keys = r.list(k, v, Map)
		case memberOrigins:
		default:
			if e, ok := r.setting(k, v); ok {
				if first, twice := seen[e.Name]; twice {
					r.fail(CodeTwice, k.Span, "", "%s is set twice, first in line %d", e.Name, first.Pos().Line)
				}
				seen[e.Name] = k.Span
				d.Settings = append(d.Settings, e)
			}
		}
	}
	return d
}

// setting checks name and shape of a variable of amavisd.
func (r *reader) setting(k, v *Node) (Entry, bool) {
	name, similar := Resolve(k.Text)
	if name == "" {
		help := ""
		if len(similar) > 0 {
			help = "did you mean " + strings.Join(similar, " or ") + "?"
		}
		r.fail(CodeUnknown, k.Span, help, "there is no setting %s", cut(k.Text))
		return Entry{}, false
	}
	if d, _ := vars.Find(name); d.AliasOf != "" {
		name = d.AliasOf
	}
	return Entry{Name: name, Value: v, Span: k.Span}, r.fits(name, v)
}

// fits says whether a value can be that of a variable with this sigil.
func (r *reader) fits(name string, v *Node) bool {
	want, ok := "", true
	switch name[0] {
	case '@':
		want, ok = "a list", v.Kind == List && v.Tag == "" || v.Tag == TagArray || v.Tag == TagCIDR || v.Tag == TagDefault
	case '%':
		want, ok = "a map", v.Kind == Map && (v.Tag == "" || v.Tag == TagAdd || v.Tag == TagWhole) || v.Tag == TagHash || v.Tag == TagCIDR ||
			v.Tag == TagDefault
	default:
		want, ok = "a value", v.Tag != TagAdd && v.Tag != TagWhole
		if d, known := vars.Find(name); known && v.Kind == Bool && textual(d.Kind) {
			want, ok = "text, not "+map[string]string{"1": "true", "0": "false"}[v.Text], false
		}
	}
	if !ok {
		r.fail(CodeShape, v.Span, "", "%s wants %s", name, want)
	}
	return ok
}

// textual says that true and false are surely a mistake for a kind of variable.
func textual(k vars.Kind) bool {
	switch k {
	case vars.Method, vars.Destiny, vars.Path, vars.User, vars.Socket, vars.Ports, vars.Template:
		return true
	}
	return false
}

func (r *reader) entries(k, v *Node, valid func(Entry) bool) []Entry {
	if v.Kind != Map || v.Tag != "" {
		r.fail(CodeShape, v.Span, "", "%s is a map", k.Text)
		return nil
	}
	var out []Entry
	for i, name := range v.Keys {
		e := Entry{Name: name.Text, Value: v.Items[i], Span: name.Span}
		if e.Name == "" || valid != nil && !valid(e) {
			r.fail(CodeUnknown, name.Span, "", "%q is no name that may stand under %s", cut(e.Name), k.Text)
			continue
		}
		if k.Text == memberOwn && !r.fits(e.Name, e.Value) {
			continue
		}
		out = append(out, e)
	}
	return out
}

func (r *reader) list(k, v *Node, kind Kind) []*Node {
	if v.Kind != List || v.Tag != "" {
		r.fail(CodeShape, v.Span, "", "%s is a list", k.Text)
		return nil
	}
	for _, e := range v.Items {
		if e.Kind != kind {
			r.fail(CodeShape, e.Span, "", "%s is a list of %s", k.Text, map[Kind]string{Text: "texts", Map: "maps"}[kind])
			return nil
		}
	}
	return v.Items
}

// ownName says that a name is a sigil and a variable, perhaps with its package, and not one of amavisd.
func ownName(s string) bool {
	if len(s) < 2 || strings.IndexByte("$@%", s[0]) < 0 {
		return false
	}
	_, known := vars.Find(s)
	return !known && moduleName(s[1:])
}

func moduleName(s string) bool {
	for i, part := range strings.Split(s, "::") {
		if part == "" || i == 0 && part[0] >= '0' && part[0] <= '9' {
			return false
		}
		for _, c := range []byte(part) {
			if !(c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z') {
				return false
			}
		}
	}
	return true
}
