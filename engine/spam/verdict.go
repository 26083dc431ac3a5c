package spam

import (
	"fmt"
	"regexp"
	"strings"

	"mavis/perlconf/eval"
	"mavis/rules"
)

// verdict is what a program's header fields mean.
type verdict struct {
	scored bool
	score  float64
	tests  string
	info   map[string]string
}

var (
	programField = regexp.MustCompile(`(?s)^((?:X-DSPAM|X-CRM114|X-Bogosity)[^:]*?)[ \t]*:[ \t]*(.*)$`)
	bareScore    = regexp.MustCompile(`^\s*([+-]?[0-9]*(?:\.[0-9]*)?)\s*$`)
	isCRM        = regexp.MustCompile(`\bcrm`)
	combined     = regexp.MustCompile(`\b(?:signature|result|probability|confidence)=.*;`)
	crmStatus    = regexp.MustCompile(`^([A-Z]+)\s+\(\s+([-0-9.]+)\s+\)`)
	noCacheID    = regexp.MustCompile(`(?i)^sfid-\s*$`)
	bogoComma    = regexp.MustCompile(`,\s*`)
	spamicity    = regexp.MustCompile(`(?s)^spamicity=([0-9.+-]*).*$`)
)

// fieldSet holds header fields by lower case name, with the names as they came.
type fieldSet struct {
	value map[string]string
	names []string
}

func (f *fieldSet) get(name string) (string, bool) {
	v, ok := f.value[strings.ToLower(name)]
	return v, ok
}

// verdictOf reads the output of a program. CRM114 may also print nothing but a score.
func verdictOf(program, out string, entry rules.SpamScanner) verdict {
	v := verdict{info: map[string]string{}}
	if strings.HasPrefix(out, "\n") {
		out = ""
	} else if i := strings.Index(out, "\n\n"); i >= 0 {
		out = out[:i+1]
	}
	var crmScore *string
	if isCRM.MatchString(program) {
		if m := bareScore.FindStringSubmatch(out); m != nil {
			crmScore, out = &m[1], ""
		}
	}
	f := &fieldSet{value: map[string]string{}}
	for _, line := range unfolded(out) {
		if m := programField.FindStringSubmatch(line); m != nil {
			low := strings.ToLower(m[1])
			if _, ok := f.value[low]; !ok {
				f.names = append(f.names, m[1])
			}
			f.value[low] = m[2]
		}
	}
	v.dspam(f, entry)
	v.crm(f, entry, crmScore)
	v.bogofilter(f, entry)
	for _, name := range f.names {
		if value, ok := f.get(name); ok {
			v.info[name] = strings.TrimRight(value, " \t\r\n")
		}
	}
	return v
}

func unfolded(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if len(out) > 0 && (line[0] == ' ' || line[0] == '\t') {
			out[len(out)-1] += line
		} else {
			out = append(out, line)
		}
	}
	return out
}

// scale is option score_factor, or what stands for it.
func scale(entry rules.SpamScanner, unset float64) float64 {
	if v, ok := entry.Options.Get("score_factor"); ok && v != nil {
		return eval.ToFloat(v)
	}
	return unset
}

func (v *verdict) dspam(f *fieldSet, entry rules.SpamScanner) {
	result, ok := f.get("X-DSPAM-Result")
	if !ok {
		return
	}
	if combined.MatchString(result) {
		attr := map[string]string{}
		for _, a := range strings.Split(strings.TrimRight(result, "\n"), ";") {
			name, value, found := strings.Cut(strings.TrimLeft(a, " \t\n"), "=")
			if !found {
				name, value = "user", name
			}
			attr[name] = strings.TrimSuffix(strings.TrimPrefix(value, `"`), `"`)
		}
		f.names = []string{"X-DSPAM-Result", "X-DSPAM-Class", "X-DSPAM-Confidence", "X-DSPAM-Probability", "X-DSPAM-Signature"}
		for _, name := range f.names {
			low := strings.ToLower(name)
			if a, ok := attr[strings.TrimPrefix(low, "x-dspam-")]; ok {
				f.value[low] = a
			} else {
				delete(f.value, low)
			}
		}
	}
	result, _ = f.get("X-DSPAM-Result")
	signature, _ := f.get("X-DSPAM-Signature")
	result, signature = strings.TrimSuffix(result, "\n"), strings.TrimSuffix(signature, "\n")
	if signature == "N/A" {
		signature = ""
	}
	v.info["DSPAMRESULT"], v.info["DSPAMSIGNATURE"], v.info["VERDICT-"+entry.Name] = result, signature, result
	v.score = -1
	if result == "Spam" {
		v.score = 10
	}
	v.score *= scale(entry, 1)
	v.scored, v.tests = true, fmt.Sprintf("%s.%s=%.3f", entry.Name, result, v.score)
}

func (v *verdict) crm(f *fieldSet, entry rules.SpamScanner, bare *string) {
	status, ok := f.get("X-CRM114-Status")
	if !ok && bare == nil {
		return
	}
	score := ""
	if bare != nil {
		score = *bare
	}
	if !ok {
		switch n := eval.ToFloat(score); {
		case n <= -10:
			status = "SPAM"
		case n >= 10:
			status = "GOOD"
		default:
			status = "UNSURE"
		}
		f.value["x-crm114-status"] = fmt.Sprintf("%s ( %s )", status, score)
		f.names = []string{"X-CRM114-Status"}
	} else if m := crmStatus.FindStringSubmatch(status); m != nil {
		status, score = m[1], m[2]
	}
	id, hasID := f.get("X-CRM114-CacheID")
	if hasID && noCacheID.MatchString(id) {
		delete(f.value, "x-crm114-cacheid")
		hasID = false
	}
	status, score, id = strings.TrimRight(status, " \t\r\n"), strings.TrimRight(score, " \t\r\n"), strings.TrimRight(id, " \t\r\n")
	v.score = scale(entry, -0.10) * eval.ToFloat(score)
	v.scored, v.tests = true, fmt.Sprintf("%s.%s(%s)=%.3f", entry.Name, status, score, v.score)
	v.info["VERDICT-"+entry.Name] = status
	if strings.EqualFold(status, "GOOD") {
		v.info["VERDICT-"+entry.Name] = "Ham"
	}
	v.info["CRM114STATUS"] = fmt.Sprintf("%s ( %s )", status, score)
	if score != "" {
		v.info["CRM114SCORE"] = score
	}
	if hasID {
		v.info["CRM114CACHEID"] = id
	}
}

func (v *verdict) bogofilter(f *fieldSet, entry rules.SpamScanner) {
	line, ok := f.get("X-Bogosity")
	if !ok {
		return
	}
	part := bogoComma.Split(line, -1)
	for len(part) < 3 {
		part = append(part, "")
	}
	status, sure := part[0], spamicity.ReplaceAllString(part[2], "$1")
	v.score = map[string]float64{"Spam": 5, "Ham": -5}[status] * scale(entry, 1)
	v.score = eval.ToFloat(number(v.score))
	v.scored, v.tests = true, entry.Name+"="+plain(v.score)
	v.info["VERDICT-"+entry.Name], v.info["BOGOSCORE"] = status, sure
	v.info["BOGOSTATUS"] = fmt.Sprintf("%s ( %s )", status, sure)
}
