package explain

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
)

// Difference is an expectation that was not met.
type Difference struct {
	Rcpt      string // "" when it is about the message
	Key       string
	Want, Got string
}

// String is the difference in one line.
func (d Difference) String() string {
	who := ""
	if d.Rcpt != "" {
		who = "<" + d.Rcpt + "> "
	}
	return fmt.Sprintf("%s%s is %s, want %s", who, d.Key, d.Got, d.Want)
}

// perRcpt are the keys that each recipient must meet, perMail those of the message.
var (
	perRcpt = map[string]func(Rcpt) []string{
		"destiny":    func(r Rcpt) []string { return one(r.Destiny) },
		"category":   func(r Rcpt) []string { return one(r.Category) },
		"quarantine": func(r Rcpt) []string { return one(r.HeldFor) },
		"sendto":     func(r Rcpt) []string { return one(r.SendTo) },
		"nexthop":    func(r Rcpt) []string { return one(strings.Join(r.NextHop, " ")) },
		"header":     func(r Rcpt) []string { return r.Header },
		"local":      func(r Rcpt) []string { return yes(r.Local) },
		"delivered":  func(r Rcpt) []string { return yes(r.SendTo != "") },
		"score":      func(r Rcpt) []string { return one(fmt.Sprintf("%.4g", r.Score)) },
	}
	perMail = map[string]func(*Answer) []string{
		"banks":     func(a *Answer) []string { return one(a.Banks) },
		"reply":     func(a *Answer) []string { return one(a.Reply) },
		"held":      func(a *Answer) []string { return a.Held },
		"admin":     func(a *Answer) []string { return a.told("admin") },
		"recipient": func(a *Answer) []string { return a.told("recipient") },
		"bounce":    func(a *Answer) []string { return a.told("bounce") },
	}
)

func one(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func yes(b bool) []string {
	if b {
		return []string{"yes"}
	}
	return []string{"no"}
}

// told lists who gets a kind of notice.
func (a *Answer) told(what string) []string {
	var out []string
	for _, s := range a.Sent {
		if s.What == what {
			out = append(out, s.To...)
		}
	}
	return out
}

// Keys lists the keys of expectations.
func Keys() []string {
	var out []string
	for k := range perRcpt {
		out = append(out, k)
	}
	for k := range perMail {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

var nextKey = regexp.MustCompile(`,\s*([a-z]+)=`)

// ParseExpect reads "destiny=D_DISCARD,quarantine=virus-quarantine": pairs in order. A comma that no key follows belongs
// to the value.
func ParseExpect(text string) ([][2]string, error) {
	var out [][2]string
	for text = strings.TrimSpace(text); text != ""; {
		end, rest := len(text), ""
		if at := nextKey.FindStringIndex(text); at != nil {
			end, rest = at[0], strings.TrimSpace(text[at[0]+1:])
		}
		key, value, ok := strings.Cut(text[:end], "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if perRcpt[key] == nil && perMail[key] == nil || !ok {
			return nil, fmt.Errorf("expectation %q: want KEY=VALUE with a key of %s", text[:end], strings.Join(Keys(), ", "))
		}
		out, text = append(out, [2]string{key, value}), rest
	}
	return out, nil
}

// Check compares with expectations. "none" wants nothing to be there; a value that ends in * is the beginning of what is
// wanted, and so is every value of reply and header.
func (a *Answer) Check(expect string) ([]Difference, error) {
	pairs, err := ParseExpect(expect)
	if err != nil {
		return nil, err
	}
	var out []Difference
	for _, p := range pairs {
		key, want := p[0], p[1]
		if f := perMail[key]; f != nil {
			if got := f(a); !matches(key, want, got) {
				out = append(out, Difference{"", key, want, shown(got)})
			}
			continue
		}
		if len(a.Rcpts) == 0 {
			out = append(out, Difference{"", key, want, "not decided: " + a.Reply})
		}
		for _, r := range a.Rcpts {
			if got := perRcpt[key](r); !matches(key, want, got) {
				out = append(out, Difference{r.Addr, key, want, shown(got)})
			}
		}
	}
	return out, nil
}

func matches(key, want string, got []string) bool {
	if want == "none" || want == "" {
		return len(got) == 0
	}
	head, open := strings.CutSuffix(want, "*")
	open = open || key == "reply" || key == "header"
	for _, g := range got {
		if g == want || open && strings.HasPrefix(g, head) {
			return true
		}
	}
	return false
}

func shown(got []string) string {
	if len(got) == 0 {
		return "none"
	}
	return strings.Join(got, ", ")
}
