package check

import (
	"fmt"
	"regexp"
	"strings"

	"mavis/engine/mail"
	"mavis/rules/lookup"
)

// Ban is what banning rules are asked about one recipient: its tables, in order, and the options of lookups.
type Ban struct {
	Recipient *mail.Recipient
	Tables    *lookup.Tables // nil or empty: nothing is banned for it
}

// BanRules are the rules of a message.
type BanRules struct {
	Bans []Ban
	// NamePath is $banned_namepath_re, asked about the whole path in key=value notation when no table had a true answer;
	// nil when it is not set.
	NamePath *lookup.Tables
	Options  *lookup.Options
}

// Banned asks the rules about every leaf of the part tree. For each leaf all names and types on the path from the message
// to the leaf are candidates, in this order, and the first rule that matches any of them decides
// (README.banned). Findings go into the recipients; logf hears of each.
func Banned(root *mail.Part, rules BanRules, logf func(level int, format string, args ...any)) error {
	for _, leaf := range leaves(root) {
		d := describe(leaf)
		if err := rules.judge(d, logf); err != nil {
			return fmt.Errorf("banning rules for %s: %w", d.attrs, err)
		}
	}
	return nil
}

// leaves lists the parts without children, breadth first, as the original visits them. The root itself is no part.
func leaves(root *mail.Part) []*mail.Part {
	var out []*mail.Part
	for queue := []*mail.Part{root}; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		if p == nil {
			continue
		}
		if len(p.Children) == 0 && p != root {
			out = append(out, p)
		}
		queue = append(queue, p.Children...)
	}
	return out
}

// description is a path of parts as the rules see it.
type description struct {
	candidates []string // every name and type, from the message down to the leaf
	names      string   // the same, parts parted by " | "
	leaf       string   // names and types of the leaf only
	attrs      string   // key=value notation, commas
	attrLines  string   // the same for $banned_namepath_re: tabs within a part, one line a part
}

func describe(leaf *mail.Part) description {
	var path []*mail.Part
	for p := leaf; p != nil && p.Parent != nil; p = p.Parent {
		path = append(path, p)
	}
	var names, attrs, lines []string
	var d description
	for i := len(path) - 1; i >= 0; i-- {
		trad, keyed := attributes(path[i])
		d.candidates = append(d.candidates, trad...)
		d.leaf = strings.Join(trad, ",")
		names = append(names, d.leaf)
		attrs = append(attrs, strings.Join(keyed, ","))
		lines = append(lines, strings.Join(keyed, "\t"))
	}
	d.names, d.attrs, d.attrLines = strings.Join(names, " | "), strings.Join(attrs, " | "), strings.Join(lines, "\n")
	return d
}

var blanks = strings.NewReplacer("\t", " ", "\n", " ")

// attributes gives the two notations of a part: bare values (types with a dot in front), and key=value pairs.
func attributes(p *mail.Part) (trad, keyed []string) {
	add := func(key, value string, bare string) {
		value = blanks.Replace(value)
		keyed = append(keyed, key+"="+value)
		if bare != "" {
			trad = append(trad, bare+value)
		}
	}
	add("P", fmt.Sprintf("p%03d", p.Number), "")
	if p.Placement != "" {
		add("L", p.Placement, "")
	}
	for _, t := range p.TypeDeclared {
		if t != "" {
			value := blanks.Replace(t)
			keyed, trad = append(keyed, "M="+value), append(trad, value)
		}
	}
	for _, t := range p.TypeShort {
		if t != "" {
			add("T", t, ".")
		}
	}
	for _, n := range p.NameDeclared {
		if n != "" {
			value := blanks.Replace(n)
			keyed, trad = append(keyed, "N="+value), append(trad, value)
		}
	}
	for _, a := range p.Attributes {
		keyed = append(keyed, "A="+string(a))
		if a == 'U' {
			trad = append(trad, "UNDECIPHERABLE")
		}
	}
	return trad, keyed
}

type hit struct {
	found  bool
	result lookup.Result
}

func (b *BanRules) judge(d description, logf func(int, string, ...any)) error {
	hits := make([]hit, len(b.Bans))
	q := lookup.NewListQuery(d.candidates, b.Options)
	for i, ban := range b.Bans {
		if ban.Tables.Len() == 0 {
			continue
		}
		if i > 0 && b.Bans[i-1].Tables == ban.Tables {
			hits[i] = hits[i-1]
			continue
		}
		r, ok, err := ban.Tables.Find(q)
		if err != nil {
			return err
		}
		hits[i] = hit{ok, r}
	}
	if err := b.namePath(d, hits); err != nil {
		return err
	}
	for i, h := range hits {
		if !h.found || !h.result.Bool() {
			logf(3, `p.path %s: "%s"`, b.Bans[i].Recipient.Internal, d.attrs)
			if h.found {
				if b.Bans[i].Recipient.Trace != nil {
					b.Bans[i].Recipient.Note(mail.StageFound, "allowed: "+d.names, "@banned_filename_maps", h.result)
				}
			}
			continue
		}
		logf(1, `p.path BANNED:%s %s: "%s", matching_key="%s"`, h.result, b.Bans[i].Recipient.Internal, d.attrs, h.result.Key)
		r := b.Bans[i].Recipient
		r.Banned = append(r.Banned, bannedPart(d, h.result))
		if r.Trace != nil {
			r.Note(mail.StageFound, "banned: "+d.leaf, "@banned_filename_maps", h.result)
		}
	}
	return nil
}

// namePath asks the global rule for recipients whose tables said nothing at all, if any lacks a true answer.
func (b *BanRules) namePath(d description, hits []hit) error {
	if b.NamePath.Len() == 0 {
		return nil
	}
	open := false
	for _, h := range hits {
		open = open || !h.found || !h.result.Bool()
	}
	if !open {
		return nil
	}
	r, ok, err := b.NamePath.First(d.attrLines, b.Options)
	if err != nil || !ok {
		return err
	}
	for i := range hits {
		if !hits[i].found {
			hits[i] = hit{true, r}
		}
	}
	return nil
}

var (
	ruleComment = regexp.MustCompile(`(?s)\(\?#\s*(.*?)\s*\)`)
	wideBlanks  = regexp.MustCompile(`[ \t]{6,}`)
)

func bannedPart(d description, r lookup.Result) mail.BannedPart {
	var said []string
	for _, m := range ruleComment.FindAllStringSubmatch(r.Key, 10) {
		said = append(said, m[1])
	}
	p := mail.BannedPart{Path: d.names, Attrs: d.attrs, Name: d.leaf, Key: r.Key, Result: r.String(), Comment: r.Key,
		Short: wideBlanks.ReplaceAllString(d.leaf, " ... "), Origin: r.Origin}
	if said != nil {
		p.Comment = strings.Join(said, " ")
		p.Short = p.Comment + ":" + p.Short
	}
	return p
}
