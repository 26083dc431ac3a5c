package header

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"mavis/compat/macro"
	"mavis/compat/macro/facts"
	"mavis/engine/mail"
	"mavis/rules"
)

var spamFields = []string{"X-Spam-Status", "X-Spam-Level", "X-Spam-Flag", "X-Spam-Score", "X-Spam-Report",
	"X-Spam-Checker-Version", "X-Spam-Tests"}

// Forward makes the edits for mail passed on to a recipient, and says whether the mail counts as tagged.
// Recipients with equal edits (see Key) may share one copy.
func Forward(s Settings, r Recipient) (e *Edits, tagged bool) {
	e = &Edits{Format: s.Format}
	f := forwarder{s: s, r: r, e: e, provided: map[string]bool{}}
	f.common()
	f.marks()
	if r.Local {
		f.spam()
		f.scanners()
	}
	f.rest()
	return e, f.tagged
}

// Key is equal for recipients that get the same header section.
func Key(s Settings, r Recipient) string {
	f := forwarder{s: s, r: r}
	bar, status, category := "", "", ""
	if s.allows("X-Amavis-Category") {
		category = r.CategoryName
	}
	if r.Local && (r.in(rules.Clean, 1) || r.in(rules.Spammy, 0)) {
		bar, status = f.bar(), f.status()
	}
	return fmt.Sprintf("%q", []any{s.addsTag() && !r.BypassVirus, r.in(rules.Virus, 0), r.in(rules.Banned, 0), r.in(rules.BadHeader, 0),
		r.in(rules.Clean, 1) && r.Local, r.in(rules.Spammy, 0) && r.Local, f.subjectTag(), f.removes(), bar, status, r.Mangled,
		r.Local && s.Fingerprint != "", r.HasPenPals, r.PenPals, category})
}

type forwarder struct {
	s        Settings
	r        Recipient
	e        *Edits
	provided map[string]bool
	tagged   bool
}

// common are the edits that do not depend on the recipient.
func (f *forwarder) common() {
	if f.s.allows("X-Amavis-Hold") {
		f.e.Delete("X-Amavis-Hold")
		if f.s.Hold != "" {
			f.e.Add("X-Amavis-Hold", f.s.Hold, Free)
		}
	}
	if f.s.VerifyDKIM && f.s.allows("Authentication-Results") {
		f.e.Edit("Authentication-Results", f.s.dropOurs())
	}
	if f.s.VirusCode && f.s.RemoveScanned && f.s.Line != "" && fieldRE.MatchString(f.s.Tag+":") {
		f.e.Delete(f.s.Tag)
	}
	if f.s.SpamVersion != "" && f.s.ours("X-Spam-Checker-Version") {
		f.e.Add("X-Spam-Checker-Version", f.s.SpamVersion+" on "+f.s.host(), Free)
	}
}

// dropOurs removes a field that claims to come from us, or whose origin cannot be read (RFC 8601 section 5).
func (s Settings) dropOurs() Change {
	own := s.authServID()
	return func(_, body string) (string, bool, bool) {
		id, ok := authServID(body)
		if !ok || strings.EqualFold(cutSlash(id), cutSlash(own)) {
			return "", false, true
		}
		return body, true, false
	}
}

func (s Settings) authServID() string {
	id := s.AuthServID
	if id == "" {
		id = s.Hostname
	}
	return macro.DomainToASCII(id)
}

func cutSlash(s string) string { s, _, _ = strings.Cut(s, "/"); return s }

var (
	authToken  = regexp.MustCompile(`^[^\x00-\x20\x7f()<>,;:"/?=\[\]@\\]+`)
	authQuoted = regexp.MustCompile(`^"((?:\\[\t\x20-\x7e]|[^"\\\x00-\x08\x0a-\x1f\x7f])*)"`)
)

// authServID reads the authserv-id of an Authentication-Results body.
func authServID(s string) (string, bool) {
	s = strings.ReplaceAll(s, "\n", "")
	for depth := 0; s != ""; {
		switch c := s[0]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth > 0 && c == '\\' && len(s) > 1:
			s = s[1:]
		case depth > 0, c == ' ', c == '\t':
		default:
			if t := authToken.FindString(s); t != "" {
				return t, true
			}
			if m := authQuoted.FindStringSubmatch(s); m != nil {
				return strings.ReplaceAll(m[1], `\`, ""), true
			}
			return "", false
		}
		s = s[1:]
	}
	return "", false
}

func (f *forwarder) removes() bool {
	if !f.s.SpamCode || !f.r.RemoveSpam {
		return false
	}
	for _, name := range spamFields {
		if hasField(f.s.Header, name) {
			return true
		}
	}
	return false
}

func hasField(fields []mail.Field, name string) bool {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// marks are the fields about the whole mail: quarantine, changes, alerts.
func (f *forwarder) marks() {
	if f.removes() {
		for _, name := range spamFields {
			f.e.Delete(name)
		}
	}
	if f.r.Local && f.s.Quarantined && f.s.MailID != "" && f.s.allows("X-Quarantine-ID") {
		f.e.Add("X-Quarantine-ID", "<"+f.s.MailID+">", Free)
	}
	if f.r.Mangled != "" && f.s.allows("X-Amavis-Modified") {
		how := "defanged"
		if len(f.r.Mangled) > 1 {
			how = "using " + f.r.Mangled
		}
		f.e.Add("X-Amavis-Modified", "Mail body modified ("+how+") - "+f.s.host(), Free)
	}
	if f.s.addsTag() && !f.r.BypassVirus {
		f.e.Add(f.s.Tag, f.s.Line, Free)
	}
	virus, banned := f.r.in(rules.Virus, 0), f.r.in(rules.Banned, 0)
	if f.s.allows("X-Amavis-Alert") {
		alerts(f.e, f.s, virus, banned, f.r.in(rules.BadHeader, 0), f.r.BannedShort)
		f.tagged = virus || banned
	}
}

// alerts adds X-Amavis-Alert for what was found.
func alerts(e *Edits, s Settings, virus, banned, badHeader bool, part string) {
	if virus {
		e.Add("X-Amavis-Alert", "INFECTED, message contains virus: "+strings.Join(s.Viruses, ", "), Free)
	}
	if banned {
		e.Add("X-Amavis-Alert", "BANNED, message contains "+part, Free)
	}
	if badHeader && len(s.BadHeaders) > 0 {
		e.Add("X-Amavis-Alert", "BAD HEADER SECTION, "+s.BadHeaders[0], Free)
	}
}

// bar is the body of X-Spam-Level.
func (f *forwarder) bar() string {
	return scoreBar(f.s.StarChar, f.r.Score, f.r.Blacklisted, f.r.Whitelisted || f.r.BypassSpam)
}

func scoreBar(char string, score *float64, black, none bool) string {
	n := 0.0
	switch {
	case none:
	case black:
		n = 64
	case score != nil:
		n = math.Min(64, *score)
	}
	if n < 1 {
		return ""
	}
	return strings.Repeat(char, int(n))
}

// status is the body of X-Spam-Status, with line feeds where it may be folded.
func (f *forwarder) status() string {
	r := f.r
	yes := "No"
	if r.in(rules.Spammy, 0) {
		yes = "Yes"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s,\n score=%s\n ", yes, Number(r.Score))
	if f.s.SpamCode && r.TagLevel != nil && !r.BypassSpam {
		fmt.Fprintf(&b, "tagged_above=%s\n ", plainNumber(*r.TagLevel))
	}
	if f.s.SpamCode && r.Tag2Level != nil && !r.BypassSpam {
		fmt.Fprintf(&b, "required=%s\n ", plainNumber(*r.Tag2Level))
	}
	listed(&b, r.Blacklisted, r.Whitelisted)
	fmt.Fprintf(&b, "tests=[%s]\n autolearn=%s", strings.Join(r.Tests, ",\n "), f.s.autolearn())
	return b.String()
}

func listed(b *strings.Builder, black, white bool) {
	if black {
		b.WriteString("BLACKLISTED\n ")
	}
	if white {
		b.WriteString("WHITELISTED\n ")
	}
}

func (s Settings) autolearn() string {
	if a := s.Supplementary["AUTOLEARN"]; a != "" {
		return a
	}
	return "unavailable"
}

// Number shows a score with up to three decimals, "x" when there is none.
func Number(v *float64) string {
	if v == nil {
		return "x"
	}
	s := strconv.FormatFloat(*v, 'f', 3, 64)
	s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

func plainNumber(v float64) string { return strconv.FormatFloat(v, 'g', 15, 64) }

// clamped is the score shown in X-Spam-Score.
func clamped(score *float64, black, white bool) string {
	v := 0.0
	if score != nil {
		v = *score
	}
	if black {
		v = math.Max(64, v)
	}
	if white {
		v = math.Min(0, v)
	}
	return Number(&v)
}

// spam adds our own X-Spam fields.
func (f *forwarder) spam() {
	tag, tag2 := f.r.in(rules.Clean, 1), f.r.in(rules.Spammy, 0)
	if f.s.SpamVersion != "" && f.s.ours("X-Spam-Checker-Version") {
		f.provided["x-spam-checker-version"] = true
	}
	add := func(name string, when bool, fold Folding, body func() string) {
		if !f.s.ours(name) {
			return
		}
		f.provided[strings.ToLower(name)] = true
		if when {
			f.e.Add(name, body(), fold)
		}
	}
	add("X-Spam-Flag", tag, Free, func() string {
		if tag2 {
			return "YES"
		}
		return "NO"
	})
	if f.s.ours("X-Spam-Flag") && tag2 {
		f.tagged = true
	}
	add("X-Spam-Score", tag, Free, func() string { return clamped(f.r.Score, f.r.Blacklisted, f.r.Whitelisted) })
	add("X-Spam-Level", tag && f.s.StarChar != "", Free, f.bar)
	add("X-Spam-Status", tag, Marked, f.status)
	report := f.r.Report
	if report == "" {
		report = f.s.SpamReport
	}
	add("X-Spam-Report", tag2 && report != "", Kept, func() string { return "\n" + facts.Sanitize(report, true) })
}

// scanners adds the fields that scanners ask for.
func (f *forwarder) scanners() {
	which := "ADDEDHEADERHAM"
	if f.r.in(rules.Spammy, 0) {
		which = "ADDEDHEADERSPAM"
	}
	scannerFields(f.e, f.s, which, f.provided)
}

func scannerFields(e *Edits, s Settings, which string, provided map[string]bool) {
	for _, field := range splitFields(s.Supplementary[which]) {
		m := fieldRE.FindStringSubmatch(field)
		if m != nil && !provided[strings.ToLower(m[1])] && s.allows(m[1]) {
			e.Add(m[1], strings.TrimSuffix(m[2], "\n"), Kept)
		}
	}
	for _, pair := range [][2]string{{"DSPAMRESULT", "X-DSPAM-Result"}, {"DSPAMSIGNATURE", "X-DSPAM-Signature"},
		{"CRM114STATUS", "X-CRM114-Status"}, {"CRM114CACHEID", "X-CRM114-CacheID"}} {
		if v := s.Supplementary[pair[0]]; v != "" && s.allows(pair[1]) {
			e.Add(pair[1], facts.Sanitize(v, false), Kept)
		}
	}
}

// splitFields cuts text at lines that do not start with white space.
func splitFields(s string) []string {
	var out []string
	for _, l := range strings.SplitAfter(s, "\n") {
		if len(out) > 0 && l != "" && (l[0] == ' ' || l[0] == '\t') {
			out[len(out)-1] += l
		} else if l != "" {
			out = append(out, l)
		}
	}
	return out
}

func (f *forwarder) rest() {
	if f.r.Local && f.s.Fingerprint != "" && f.s.allows("X-Amavis-OS-Fingerprint") {
		text := f.s.Fingerprint
		if f.s.ClientAddr != "" {
			text += ", [" + f.s.ClientAddr + "]:" + strconv.Itoa(f.s.ClientPort)
		}
		f.e.Add("X-Amavis-OS-Fingerprint", facts.Sanitize(text, false), Free)
	}
	if f.r.HasPenPals && f.s.allows("X-Amavis-PenPals") {
		f.e.Add("X-Amavis-PenPals", "age "+interval(f.r.PenPals), Free)
	}
	if f.r.Local && f.s.VerifyDKIM && f.s.allows("Authentication-Results") {
		for _, a := range f.s.AuthResults {
			f.e.Add("Authentication-Results", a, Marked)
		}
	}
	f.subject()
	if f.s.allows("Received") && f.r.Forwarded {
		f.e.Add("Received", ReceivedBody(f.s), Marked)
	}
	if f.r.CategoryName != "" && f.s.allows("X-Amavis-Category") {
		f.e.Edit("X-Amavis-Category", f.s.dropOurs())
		f.e.Add("X-Amavis-Category", f.s.authServID()+"; category="+f.r.CategoryName, Free)
	}
}

// interval shows a time span as days and hours:minutes:seconds.
func interval(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	n := int64((d + time.Second/2) / time.Second)
	return fmt.Sprintf("%s%d %d:%02d:%02d", sign, n/86400, n/3600%24, n/60%60, n%60)
}
