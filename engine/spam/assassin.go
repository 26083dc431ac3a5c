package spam

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"mavis/engine/mail"
	"mavis/rules"
)

// profile is a pair of SpamAssassin settings that some recipients share.
type profile struct {
	conf string // a file, sql:user, ldap:user, or "" for none of its own
	user string // "" is whom spamd runs as
	who  []int
}

// spamAssassin scans with our own spamd, once for each distinct pair of settings, and does with the answer what the
// original does with that of the SpamAssassin within.
func (s *Scanner) spamAssassin(ctx context.Context, p *rules.Policy, entry rules.SpamScanner, m *Mail, r *Result) error {
	if s.Spamd == nil {
		return errors.New("there is no spamd")
	}
	profiles, err := s.profiles(p, m.Rcpts)
	if err != nil {
		return err
	}
	limit := sizeLimit(p, entry, m)
	prefix := pseudoHeader(p, m, r, limit, avTest)
	report, summary := r.Report, r.Summary
	for _, pr := range profiles {
		c, err := newContent(s.attributes(ctx, p, m, pr, limit), prefix, m, limit)
		if err != nil {
			return err
		}
		info, err := s.Spamd.scan(ctx, c)
		if err != nil {
			return err
		}
		score, err := finite(info["SCORE"])
		if err != nil {
			return err
		}
		score = factor(entry, score)
		s.Log.printf(3, "spam_scan: score=%s autolearn=%s tests=[%s] recips=%s", plain(score), info["AUTOLEARN"], info["TESTSSCORES"], indices(pr.who))
		r.add(pr.who, score, info["TESTSSCORES"])
		for _, i := range pr.who {
			r.Shares[i].Report, r.Shares[i].Summary = info["REPORT"], info["SUMMARY"]
		}
		r.Report, r.Summary = info["REPORT"], info["SUMMARY"]
		if report != "" {
			r.Report = report + ", " + r.Report
		}
		if summary != "" {
			r.Summary = summary + "\n\n" + r.Summary
		}
		r.note(entry.Name, score, info)
	}
	return nil
}

// note keeps the notes of a scan; those of the last one stay, as in the original.
func (r *Result) note(scanner string, score float64, info map[string]string) {
	for k, v := range info {
		switch k {
		case "SCORE", "REQUIRED", "REPORT", "SUMMARY":
		default:
			r.Info[k] = v
		}
	}
	if st, ok := info["CRM114STATUS"]; ok && info["CRM114SCORE"] != "" {
		r.Info["CRM114STATUS"] = fmt.Sprintf("%s ( %s )", st, info["CRM114SCORE"])
	}
	r.Info["SCORE-"+scanner] = plain(score)
	verdict := "Unknown"
	switch {
	case score >= 5:
		verdict = "Spam"
	case score < 1:
		verdict = "Ham"
	}
	r.Info["VERDICT-"+scanner] = verdict
}

func indices(who []int) string {
	out := make([]string, len(who))
	for i, n := range who {
		out[i] = strconv.Itoa(n)
	}
	return strings.Join(out, ",")
}

// profiles groups recipients by @sa_userconf_maps and @sa_username_maps; those without settings come first.
func (s *Scanner) profiles(p *rules.Policy, rcpts []*mail.Recipient) ([]profile, error) {
	def := p.Config().Identity.User
	usable := map[string]bool{}
	var out []profile
	for i, r := range rcpts {
		q := r.Query
		if q == nil {
			q = p.Query(r.Internal)
		}
		conf, _, err := p.Tables("sa_userconf_maps").Find(q)
		if err != nil {
			return nil, err
		}
		name, ok, err := p.Tables("sa_username_maps").Find(q)
		if err != nil {
			return nil, err
		}
		pr := profile{who: []int{i}}
		if ok && name.String() != def {
			pr.user = name.String()
		}
		pr.conf = s.userConf(p, conf.String(), pr.user, usable)
		at := len(out)
		for j := range out {
			if out[j].conf == pr.conf && out[j].user == pr.user {
				at = j
				break
			}
		}
		if at < len(out) {
			out[at].who = append(out[at].who, i)
			continue
		}
		out = append(out, pr)
		if pr.conf == "" { // cheapest first
			for j := at; j > 0 && out[j-1].conf != ""; j-- {
				out[j-1], out[j] = out[j], out[j-1]
			}
		}
	}
	return out, nil
}

// userConf is the settings to load: databases know only users that have a name of their own, files must be there.
func (s *Scanner) userConf(p *rules.Policy, conf, user string, usable map[string]bool) string {
	switch l := strings.ToLower(conf); {
	case conf == "":
		return ""
	case strings.HasPrefix(l, "sql:") || strings.HasPrefix(l, "ldap:"):
		if user == "" {
			return ""
		}
		return l[:strings.IndexByte(l, ':')+1] + user
	}
	if !filepath.IsAbs(conf) {
		conf = p.Config().Paths.Home + "/" + conf
	}
	ok, known := usable[conf]
	if !known {
		st, err := os.Stat(conf)
		if err == nil && !st.Mode().IsRegular() {
			err = errors.New("is no regular file")
		}
		if err == nil {
			var f *os.File
			if f, err = os.Open(conf); err == nil {
				f.Close()
			}
		}
		if ok = err == nil; !ok {
			s.Log.printf(1, `SA user config file "%s" is not used: %v`, conf, err)
		}
		usable[conf] = ok
	}
	if !ok {
		return ""
	}
	return conf
}

// attributes are what the original tells SpamAssassin beside the message.
func (s *Scanner) attributes(ctx context.Context, p *rules.Policy, m *Mail, pr profile, limit int64) string {
	who := make([]string, len(pr.who))
	for i, n := range pr.who {
		who[i] = encoded(mail.Bracket(m.Rcpts[n].Internal))
	}
	originating := "0"
	if m.Originating {
		originating = "1"
	}
	list := [][2]string{{"originating", originating}, {"return_path", mail.Bracket(m.Sender)}, {"recipients", strings.Join(who, ",")},
		{"message_size", strconv.FormatInt(m.size(), 10)}, {"body_size", strconv.FormatInt(m.Body.Size()-m.HeaderSize, 10)},
		{"policy_bank", p.Path()}}
	if limit >= 0 {
		list = append(list, [2]string{"truncated", strconv.FormatInt(limit, 10)})
	}
	if t, ok := ctx.Deadline(); ok {
		list = append(list, [2]string{"deadline", strconv.FormatInt(t.Unix(), 10)})
	}
	if pr.user != "" {
		list = append(list, [2]string{"user", pr.user})
	}
	if pr.conf != "" {
		list = append(list, [2]string{"conf", pr.conf})
	}
	var digests []string
	m.Root.Walk(func(part *mail.Part) bool {
		if part.Digest != "" {
			digests = append(digests, encoded(part.Digest))
		}
		return true
	})
	if len(digests) > 0 {
		list = append(list, [2]string{"digests", strings.Join(digests, ",")})
	}
	return s.Spamd.attributes(list)
}
