package rules

import (
	"strconv"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules/lookup"
	"mavis/rules/vars"
)

// Key is the category as a key of the by-category tables: "8,1", or "8" when there is no minor number.
func (c CCat) Key() string {
	if c.Minor == 0 && c.Major >= 0 && int(c.Major) < len(majorKeys) {
		return majorKeys[c.Major]
	}
	if c.Minor == 0 {
		return strconv.Itoa(int(c.Major))
	}
	return strconv.Itoa(int(c.Major)) + "," + strconv.Itoa(c.Minor)
}

var majorKeys = [...]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

// Setting is an entry of a by-category table.
type Setting struct {
	CCat   CCat // the key that was there
	Value  eval.Value
	Origin source.Span
	Via    string // the member of policy banks that code in the table looked up, without sigil; "" for a plain entry
	// Tables is what the value means where a value for each recipient is wanted: a list of tables, or a plain value as
	// a constant. It is nil for undef.
	Tables *lookup.Tables
}

// Entry is what a by-category table, such as "final_destiny_maps_by_ccat", holds for exactly this category. Code is
// called, through the policy in force. An entry may be there and undef.
func (p *Policy) Entry(table string, c CCat) (Setting, bool, error) {
	p.misuse(table, "Entry", "%")
	h, _ := p.c(table).(*eval.Hash)
	if h == nil {
		return Setting{}, false, nil
	}
	return p.entry(h, c)
}

func (p *Policy) entry(h *eval.Hash, c CCat) (Setting, bool, error) {
	s, ok := h.M[c.Key()]
	if !ok {
		return Setting{}, false, nil
	}
	e := Setting{CCat: c, Value: s.Get()}
	if s != nil && s.Origin != nil {
		e.Origin = s.Origin.Span
	}
	if code, ok := e.Value.(*eval.Code); ok {
		var err error
		if late, ok := p.cfg.late(code); ok {
			e.Value, err = p.Late(late)
			e.Via = late.Name
			if at := p.Origin(late.Name); !at.IsZero() {
				e.Origin = at
			}
		} else {
			e.Value, err = p.call(code)
		}
		if err != nil {
			return Setting{}, false, err
		}
	}
	if e.Origin.IsZero() {
		e.Origin = lookup.Place(e.Value)
	}
	if e.Origin.IsZero() {
		e.Origin = lookup.Place(h)
	}
	if e.Value != nil {
		e.Tables = p.cfg.tablesOf(e.Value)
	}
	return e, true, nil
}

// ByCCat looks for the first of the categories that a by-category table has an entry for, and for CatchAll after them.
// The list is amavisd's list of contents categories: in descending order, with {4,3} and {4,0} both when the message is
// BadHeader,3. A category is looked up exactly as given. ok is false when there is no entry.
func (p *Policy) ByCCat(table string, ccats []CCat) (s Setting, ok bool, err error) {
	for _, c := range ccats {
		if s, ok, err = p.Entry(table, c); ok || err != nil {
			return s, ok, err
		}
	}
	return p.Entry(table, CCat{})
}

// AllByCCat gives for every category, and CatchAll after them, the settings of several tables; categories for which no
// table has an entry are left out. A table without an entry gives the zero Setting.
func (p *Policy) AllByCCat(tables []string, ccats []CCat) ([][]Setting, error) {
	var out [][]Setting
	for i := 0; i <= len(ccats); i++ {
		var c CCat
		if i < len(ccats) {
			c = ccats[i]
		}
		row := make([]Setting, len(tables))
		any := false
		for j, t := range tables {
			s, ok, err := p.Entry(t, c)
			if err != nil {
				return nil, err
			}
			if s.CCat = c; ok {
				any = true
			}
			row[j] = s
		}
		if any {
			out = append(out, row)
		}
	}
	return out, nil
}

// Name says which setting an entry of a by-category table is: the variable that it looks up, or the table with the key.
func (s Setting) Name(table string) string {
	if s.Via != "" {
		return vars.Sigiled(s.Via)
	}
	return "%" + table + "{" + s.CCat.Key() + "}"
}
