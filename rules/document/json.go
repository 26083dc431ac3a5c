package document

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// member is a name and its value; JSON objects of Go's maps would lose the order.
type member struct {
	name  string
	value any
}

type object []member

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := encode(&b, m.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := encode(&b, m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func encode(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	b.Truncate(len(bytes.TrimRight(b.Bytes(), "\n")))
	return err
}

// WriteJSON writes the document; places stand in a member of their own.
func (d *Document) WriteJSON(w io.Writer) error {
	top := object{{memberVersion, Version}}
	var origins object
	for _, e := range d.Settings {
		top = append(top, member{MemberOf(e.Name), jsonValue(e.Value)})
		if e.Note != "" {
			origins = append(origins, member{MemberOf(e.Name), e.Note})
		}
	}
	for _, section := range []struct {
		name string
		list []Entry
	}{{memberOwn, d.Own}, {memberShared, d.Shared}, {memberEnvironment, d.Environment}, {memberUses, d.Uses}} {
		var o object
		for _, e := range section.list {
			o = append(o, member{e.Name, jsonValue(e.Value)})
		}
		if o != nil {
			top = append(top, member{section.name, o})
		}
	}
	if len(d.Subs) > 0 {
		top = append(top, member{memberSubs, jsonValue(NewList(d.Subs...))})
	}
	if len(d.Keys) > 0 {
		top = append(top, member{memberKeys, jsonValue(NewList(d.Keys...))})
	}
	if origins != nil {
		top = append(top, member{memberOrigins, origins})
	}
	raw, err := top.MarshalJSON()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err = io.WriteString(w, escapeControls(out.String()))
	return err
}

// escapeControls escapes what JSON allows in a string and YAML does not.
func escapeControls(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xfeff || r == 0xfffe || r == 0xffff {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func jsonValue(n *Node) any {
	var v any
	switch n.Kind {
	case Int, Float:
		v = json.Number(n.Text)
	case Bool:
		v = n.Text == "1"
	case Text:
		v = n.Text
		if !utf8.ValidString(n.Text) {
			v = object{{"!" + tagBinary, base64.StdEncoding.EncodeToString([]byte(n.Text))}}
		}
	case List:
		list := []any{}
		for _, e := range n.Items {
			list = append(list, jsonValue(e))
		}
		v = list
	case Map:
		if v = jsonMap(n); v == nil {
			v = jsonValue(pairs(n))
		}
	}
	if n.Tag != "" {
		return object{{"!" + n.Tag, v}}
	}
	return v
}

// jsonMap gives nil for a map that a JSON object cannot hold.
func jsonMap(n *Node) any {
	o := object{}
	for i, k := range n.Keys {
		if k.Tag != "" || !utf8.ValidString(k.Text) || len(n.Keys) == 1 && strings.HasPrefix(k.Text, "!") {
			return nil
		}
		o = append(o, member{k.Text, jsonValue(n.Items[i])})
	}
	return o
}
