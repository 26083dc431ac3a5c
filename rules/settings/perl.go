package settings

import (
	"strings"

	"mavis/rules"
	"mavis/rules/vars"
)

// lineWidth is about how many characters of a value stand on one line.
const lineWidth = 96

// Perl is the value in the words of a configuration file, over several lines when it is long. kind is the variable's, sigil
// its first sign: arrays and hashes stand in parentheses. Secrets are masked.
func (v Value) Perl(kind vars.Kind, sigil byte) string {
	if kind == vars.Destiny && plain(v) {
		if d := destinies[v.Text]; d != "" {
			return d
		}
	}
	open, end := "[", "]"
	switch {
	case sigil == '@' && v.Kind == List, sigil == '%' && v.Kind == Hash:
		return v.entries("(", ")", 0)
	case v.Kind == Hash:
		open, end = "{", "}"
	case v.Kind == Table:
		open, end = "new_RE(", ")"
	}
	return v.text(open, end, 0)
}

var destinies = func() map[string]string {
	out := map[string]string{}
	for text, d := range map[string]rules.Destiny{"-4": rules.TempFail, "-3": rules.Reject, "-2": rules.Bounce, "0": rules.Discard, "1": rules.Pass} {
		out[text] = d.String()
	}
	return out
}()

// Short is Perl in one line, cut to a number of characters.
func (v Value) Short(kind vars.Kind, sigil byte, most int) string {
	s := strings.Join(strings.Fields(v.Perl(kind, sigil)), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func (v Value) text(open, end string, depth int) string {
	if v.Secret {
		return "'" + Mask + "'"
	}
	switch v.Kind {
	case Undef:
		return "undef"
	case Number:
		return v.Text
	case Text:
		return quoted(v.Text)
	case Pattern:
		return pattern(v)
	case Ref:
		return `\` + v.Text
	case Code:
		return v.Text
	case Object:
		switch {
		case v.Class == "label":
			return "new_label(" + quoted(v.Text) + ")"
		case v.Class == "reference" && len(v.Items) == 1:
			return `\` + v.Items[0].Value.nested(depth)
		case len(v.Items) == 0:
			return "(" + v.Class + " " + v.Text + ")"
		}
		return v.entries(v.Class+"(", ")", depth)
	}
	return v.entries(open, end, depth)
}

func (v Value) nested(depth int) string {
	switch v.Kind {
	case Hash:
		return v.text("{", "}", depth)
	case Table:
		return v.text("new_RE(", ")", depth)
	}
	return v.text("[", "]", depth)
}

func (v Value) entries(open, end string, depth int) string {
	if len(v.Items) == 0 {
		return open + end
	}
	var parts []string
	size := 0
	for _, i := range v.Items {
		text := i.Value.nested(depth + 1)
		if v.Kind == Table && i.Value.Kind == List && len(i.Value.Items) == 2 {
			text = "[ " + i.Value.Items[0].Value.nested(depth+1) + " => " + i.Value.Items[1].Value.nested(depth+1) + " ]"
		}
		if v.Kind == Hash {
			if d, ok := vars.Find("$" + i.Key); ok && d.Kind == vars.Destiny && plain(i.Value) && destinies[i.Value.Text] != "" {
				text = destinies[i.Value.Text]
			}
			text = key(i.Key) + " => " + text
		}
		parts = append(parts, text)
		size += len(text) + 2
	}
	whole := strings.Join(parts, ", ")
	if size <= lineWidth && !strings.Contains(whole, "\n") {
		if open == "[" {
			return open + whole + end
		}
		return open + " " + whole + " " + end
	}
	indent := strings.Repeat("  ", depth+1)
	return open + "\n" + indent + strings.Join(parts, ",\n"+indent) + ",\n" + strings.Repeat("  ", depth) + end
}

func key(s string) string {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
			return quoted(s)
		}
	}
	if s == "" {
		return "''"
	}
	return s
}

// quoted is a text in quotes; what would spoil a terminal is escaped.
func quoted(s string) string {
	simple := true
	for _, r := range s {
		simple = simple && r >= ' ' && r != 0x7f && r != '\uFFFD' && (r < 0x80 || r > 0x9f)
	}
	if simple {
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case strings.IndexByte(`"\$@`, c) >= 0:
			b.WriteString(`\` + string(rune(c)))
		case c < ' ' || c >= 0x7f:
			b.WriteString(`\x` + string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]))
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func pattern(v Value) string {
	text := v.Text
	for _, q := range []string{"''", "{}", "//", "!!"} {
		if !strings.ContainsAny(text, q) {
			return "qr" + q[:1] + text + q[1:] + v.Flags
		}
	}
	return "qr/" + strings.ReplaceAll(text, "/", `\/`) + "/" + v.Flags
}

// JSON is the value as JSON takes it: texts, numbers, null, arrays and objects; {"ref": "@name"}, {"pattern", "flags"},
// {"table": []}, {"code": ""}, {"class", "items"} and {"secret": true} for the rest.
func (v Value) JSON() any {
	if v.Secret {
		return map[string]any{"secret": true}
	}
	list := func() []any {
		out := []any{}
		for _, i := range v.Items {
			out = append(out, i.Value.JSON())
		}
		return out
	}
	switch v.Kind {
	case Undef:
		return nil
	case Text:
		return strings.ToValidUTF8(v.Text, "\uFFFD")
	case Number:
		return number(v.Text)
	case List:
		return list()
	case Hash:
		out := map[string]any{}
		for _, i := range v.Items {
			out[strings.ToValidUTF8(i.Key, "\uFFFD")] = i.Value.JSON()
		}
		return out
	case Pattern:
		return map[string]any{"pattern": v.Text, "flags": v.Flags}
	case Table:
		return map[string]any{"table": list()}
	case Ref:
		return map[string]any{"ref": v.Text}
	case Code:
		return map[string]any{"code": v.Text}
	}
	if len(v.Items) == 0 {
		return map[string]any{"class": v.Class, "text": v.Text}
	}
	return map[string]any{"class": v.Class, "items": list()}
}
