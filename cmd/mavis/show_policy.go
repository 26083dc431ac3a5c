package main

import (
	"fmt"
	"io"
	"sort"
	"strings"

	"mavis/compat/explain"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules"
	"mavis/rules/lookup"
	"mavis/rules/settings"
	"mavis/rules/vars"
)

// bank prints every member of policy banks as it stands with banks laid over.
func (c *showCommand) bank(s streams) error {
	cfg, err := c.model(s, c.Files)
	if err != nil {
		return err
	}
	p, err := laid(cfg, c.Bank)
	if err != nil {
		return usage(s, err)
	}
	type row struct {
		Name   string     `json:"name"`
		Value  any        `json:"value"`
		Bank   bool       `json:"from_bank"`
		Origin *placeJSON `json:"origin"`
	}
	rows := []row{}
	for _, v := range vars.All() {
		if v.AliasOf != "" || !v.Group.InBank() || v.Name == "$policy_bank_name" {
			continue
		}
		value := settings.Of(cfg, v, p.Value(v.Bare()))
		base := settings.Of(cfg, v, cfg.Base().Value(v.Bare()))
		from := !settings.Equal(value, base)
		at := p.Origin(v.Bare())
		if c.Changed && !from {
			continue
		}
		if c.JSON {
			rows = append(rows, row{v.Name, value.JSON(), from, placed(at, "")})
			continue
		}
		fmt.Fprintf(s.out, "%s = %s;\n", v.Name, value.Perl(v.Kind, v.Sigil()))
		switch {
		case from:
			fmt.Fprintf(s.out, "    # %s, from the policy bank; without it %s\n", where(at), base.Short(v.Kind, v.Sigil(), 60))
		case at.IsZero():
			fmt.Fprintln(s.out, "    # default")
		default:
			fmt.Fprintf(s.out, "    # %s\n", where(at))
		}
	}
	if c.JSON {
		return writeJSON(s.out, rows, "  ")
	}
	return nil
}

// laid lays the banks of a path over the built-in settings.
func laid(cfg *rules.Config, path string) (*rules.Policy, error) {
	p := cfg.Base()
	for _, name := range strings.Split(path, "/") {
		if name == "" {
			continue
		}
		q, err := p.With(name)
		if err != nil {
			return nil, fmt.Errorf("%w; there are: %s", err, strings.Join(cfg.Banks(), ", "))
		}
		p = q
	}
	return p, nil
}

// bySender are tables that are asked about something else than a recipient.
var bySender = map[string]bool{"whitelist_sender_maps": true, "blacklist_sender_maps": true, "author_to_policy_bank_maps": true,
	"signer_reputation_maps": true, "debug_sender_maps": true, "viruses_that_fake_sender_maps": true, "virus_name_to_spam_score_maps": true,
	"virus_name_to_policy_bank_maps": true, "keep_decoded_original_maps": true, "map_full_type_to_short_type_maps": true, "mynetworks_maps": true,
	"ip_repu_ignore_maps": true}

// resolved is what one setting says of a recipient.
type resolved struct {
	Setting string     `json:"setting"`
	Value   any        `json:"value"`
	Entry   string     `json:"entry,omitempty"`
	Via     string     `json:"via,omitempty"`
	Origin  *placeJSON `json:"origin"`
	text    string
	at      source.Span
	found   bool
}

// recipient prints what the tables of the policy say of one address.
func (c *showCommand) recipient(s streams) error {
	cfg, err := c.model(s, c.Files)
	if err != nil {
		return err
	}
	p, err := laid(cfg, c.Bank)
	if err != nil {
		return usage(s, err)
	}
	data := &explain.Databases{}
	if cfg.External == nil {
		cfg.External = data
	}
	q := p.Query(strings.Trim(c.Recipient, "<>"))
	var rows []resolved
	for _, v := range vars.All() {
		bare := v.Bare()
		switch {
		case !v.Group.InBank() || v.AliasOf != "":
		case v.Kind == vars.Maps && !bySender[bare] && !strings.Contains(bare, "bysender"):
			res, ok, err := p.Tables(bare).Find(q)
			rows = append(rows, answer(cfg, p, v, v.Name, "", res, ok, err))
		case v.Kind == vars.ByCCat && strings.HasSuffix(bare, "_maps_by_ccat"):
			rows = append(rows, byCategory(cfg, p, v, q)...)
		}
	}
	var keep []resolved
	for _, r := range rows {
		if r.found || r.text != "-" || !c.Changed {
			keep = append(keep, r)
		}
	}
	if asked := data.Asked(); len(asked) > 0 {
		fmt.Fprintln(s.err, "mavis: databases are not asked:", strings.Join(asked, ", "))
	}
	if c.JSON {
		return writeJSON(s.out, keep, "  ")
	}
	printResolved(s.out, keep)
	return nil
}

// byCategory asks each entry of a by-category table.
func byCategory(cfg *rules.Config, p *rules.Policy, v vars.Var, q *lookup.Query) []resolved {
	var out []resolved
	keys := p.Hash(v.Bare()).Keys()
	sort.Strings(keys)
	for _, key := range keys {
		var c rules.CCat
		major, minor, _ := strings.Cut(key, ",")
		c.Major, c.Minor = rules.Category(eval.ToInt(major)), int(eval.ToInt(minor))
		setting, ok, err := p.Entry(v.Bare(), c)
		var res lookup.Result
		if err == nil && ok {
			res, ok, err = setting.Tables.Find(q)
			if res.Origin.IsZero() {
				res.Origin = setting.Origin
			}
		}
		via := ""
		if setting.Via != "" {
			via = vars.Sigiled(setting.Via)
		}
		out = append(out, answer(cfg, p, v, v.Name+"{"+c.String()+"}", via, res, ok, err))
	}
	return out
}

func answer(cfg *rules.Config, p *rules.Policy, v vars.Var, name, via string, res lookup.Result, ok bool, err error) resolved {
	r := resolved{Setting: name, Via: via, found: ok}
	switch {
	case err != nil:
		r.text = "cannot be asked: " + err.Error()
		r.Value = map[string]any{"error": err.Error()}
	case ok:
		kind := v.Kind
		if v.Name == "%final_destiny_maps_by_ccat" {
			kind = vars.Destiny
		}
		value := settings.Of(cfg, v, res.Value)
		if res.Via != "" {
			r.Via, res.Origin = vars.Sigiled(res.Via), p.Origin(res.Via)
		}
		r.Value, r.text, r.at, r.Origin = value.JSON(), value.Short(kind, '$', 70), res.Origin, placed(res.Origin, "")
		if !strings.HasPrefix(res.Key, "(constant:") && !strings.HasPrefix(res.Key, "(opaque:") {
			r.Entry = res.Key
		}
	default:
		r.text = "-"
	}
	return r
}

func printResolved(w io.Writer, rows []resolved) {
	width := 0
	for _, r := range rows {
		width = max(width, len(r.Setting))
	}
	for _, r := range rows {
		text := r.text
		var by []string
		if r.Via != "" {
			by = append(by, r.Via)
		}
		if r.Entry != "" {
			by = append(by, "entry "+r.Entry)
		}
		if r.found && r.at.IsZero() {
			by = append(by, "built in")
		} else if r.found {
			by = append(by, where(r.at))
		}
		if len(by) > 0 {
			text += "  [" + strings.Join(by, ", ") + "]"
		}
		fmt.Fprintf(w, "%-*s  %s\n", width, r.Setting, text)
	}
}
