package document

import (
	"encoding/base64"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// WriteYAML writes the document with its notes as comments.
func (d *Document) WriteYAML(w io.Writer) error {
	root := &yaml.Node{Kind: yaml.MappingNode}
	add := func(name string, value *yaml.Node, note string) {
		k := plain(name)
		if note != "" {
			k.HeadComment = "# " + note
			if value.Kind == yaml.ScalarNode && value.Style&yaml.LiteralStyle == 0 || value.Style&yaml.FlowStyle != 0 || len(value.Content) == 0 {
				k.HeadComment, value.LineComment = "", "# "+note
			}
		}
		root.Content = append(root.Content, k, value)
	}
	add(memberVersion, &yaml.Node{Kind: yaml.ScalarNode, Value: strconv.Itoa(Version)}, "")
	for _, e := range d.Settings {
		add(MemberOf(e.Name), yamlNode(e.Value), e.Note)
	}
	for _, section := range []struct {
		name string
		list []Entry
	}{{memberOwn, d.Own}, {memberShared, d.Shared}, {memberEnvironment, d.Environment}, {memberUses, d.Uses}} {
		if len(section.list) == 0 {
			continue
		}
		m := &yaml.Node{Kind: yaml.MappingNode}
		for _, e := range section.list {
			k := plain(e.Name)
			if e.Note != "" {
				k.HeadComment = "# " + e.Note
			}
			m.Content = append(m.Content, k, yamlNode(e.Value))
		}
		add(section.name, m, "")
	}
	if len(d.Subs) > 0 {
		add(memberSubs, yamlNode(NewList(d.Subs...)), "")
	}
	if len(d.Keys) > 0 {
		add(memberKeys, yamlNode(NewList(d.Keys...)), "")
	}
	head := "---\n"
	for line := range strings.Lines(d.Head) {
		head += "# " + strings.TrimRight(line, "\n") + "\n"
	}
	if _, err := io.WriteString(w, head); err != nil {
		return err
	}
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return err
	}
	return enc.Close()
}

// word is text that no reader of YAML takes for anything else.
var word = regexp.MustCompile(`^[A-Za-z/.][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*$`)

// reserved are words that one version of YAML or another takes for something else.
var reserved = regexp.MustCompile(`(?i)^(?:y|n|yes|no|on|off|true|false|null|\.inf|\.nan|[0-9.+-]*e?[0-9.+-]*)$`)

// plain is a scalar node of text.
func plain(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: s, Tag: "!!str"}
	switch {
	case !utf8.ValidString(s):
		n.Tag, n.Value, n.Style = "!!binary", base64.StdEncoding.EncodeToString([]byte(s)), yaml.TaggedStyle
	case word.MatchString(s) && !reserved.MatchString(s):
	case literal(s):
		n.Style = yaml.LiteralStyle
	case printable(s) && (!strings.Contains(s, "'") || strings.ContainsAny(s, `"\`)):
		n.Style = yaml.SingleQuotedStyle
	default:
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// literal says that text of several lines may be written as it is.
func literal(s string) bool {
	if !strings.Contains(strings.TrimSuffix(s, "\n"), "\n") || s[0] == ' ' || s[0] == '\n' || s[0] == '\t' || s[0] == '#' {
		return false
	}
	for line := range strings.SplitSeq(s, "\n") {
		if strings.HasSuffix(line, " ") || strings.HasSuffix(line, "\t") || !printable(line) {
			return false
		}
	}
	return !strings.HasSuffix(s, "\n\n")
}

func printable(s string) bool {
	for _, r := range s {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == utf8.RuneError || r > 0xffff {
			return false
		}
	}
	return true
}

// yamlNode writes a value.
func yamlNode(n *Node) *yaml.Node {
	y := &yaml.Node{Kind: yaml.ScalarNode}
	switch n.Kind {
	case Undef:
		y.Value = "null"
		if n.Tag == TagDefault {
			y.Value, y.Style = "", yaml.SingleQuotedStyle
		}
	case Int, Float:
		y.Value = n.Text
	case Bool:
		y.Value = map[string]string{"1": "true", "0": "false"}[n.Text]
	case Text:
		y = plain(n.Text)
		if n.Tag != "" && !utf8.ValidString(n.Text) { // two tags on one value: the long form
			return &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle, Content: []*yaml.Node{plain("!" + n.Tag), y}}
		}
	case List:
		y.Kind = yaml.SequenceNode
		for _, e := range n.Items {
			y.Content = append(y.Content, yamlNode(e))
		}
		if short(n, 0) <= 100 {
			y.Style = yaml.FlowStyle
		}
	case Map:
		if len(n.Keys) == 1 && strings.HasPrefix(n.Keys[0].Text, "!") {
			long := yamlNode(pairs(n))
			if n.Tag != "" {
				long = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{plain("!" + n.Tag), long}}
			}
			return long
		}
		y.Kind = yaml.MappingNode
		for i, k := range n.Keys {
			key := plain(k.Text)
			if k.Tag != "" {
				key.Tag, key.Style = "!"+k.Tag, key.Style|yaml.TaggedStyle
			}
			y.Content = append(y.Content, key, yamlNode(n.Items[i]))
		}
		if len(n.Keys) == 0 {
			y.Style = yaml.FlowStyle
		}
	}
	if n.Tag != "" {
		y.Tag, y.Style = "!"+n.Tag, y.Style|yaml.TaggedStyle
	}
	return y
}

// pairs writes a map as !map [[key, value], ...].
func pairs(n *Node) *Node {
	out := &Node{Kind: List, Tag: tagMap}
	for i, k := range n.Keys {
		out.Items = append(out.Items, NewList(k, n.Items[i]))
	}
	return out
}

// short estimates the width of a value on one line; more than 100 for what should not stand on one.
func short(n *Node, depth int) int {
	const no = 101
	width := len(n.Text) + len(n.Tag) + 4
	if n.Kind == Map && len(n.Keys) > 0 || depth > 2 || n.Kind == Text && literal(n.Text) || n.Tag == TagCode || !utf8.ValidString(n.Text) {
		return no
	}
	for _, e := range n.Items {
		if width += short(e, depth+1); width > 100 {
			return no
		}
	}
	return width
}
