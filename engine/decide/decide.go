// Package decide turns findings and policy into what becomes of a message, for each recipient: its content categories,
// the one that blocks, the destiny. It does no I/O; every step is noted with the rule that made it.
package decide

import (
	"fmt"
	"strings"

	"mavis/engine/mail"
	"mavis/perlconf/eval"
	"mavis/rules"
	"mavis/rules/lookup"
)

// Message is what the decision depends on besides the recipient.
type Message struct {
	Sender string // internal form
	Bulk   string // why it is bulk mail, "" when it is not
	Size   int64  // in bytes
	// SizeFloor says that limits under 64 KiB are not meant ($enforce_smtpd_message_size_limit_64kb_min).
	SizeFloor bool
	// LocalAuthor says that an author or sender of the header, or the envelope sender, is local.
	LocalAuthor bool
}

// MinSizeLimit is RFC 5321's floor for a size limit, in bytes (section 4.5.3.1.7).
const MinSizeLimit = 65536

// Settle completes the categories of a recipient, finds the blocking one and its destiny, and whether the body of a passed
// message is to be changed. A lookup that cannot answer is an error: the mail must be deferred.
func Settle(p *rules.Policy, m Message, r *mail.Recipient) error {
	if err := levels(p, r); err != nil {
		return err
	}
	if err := size(p, m, r); err != nil {
		return err
	}
	mangle, err := destiny(p, m, r)
	if err != nil || r.Blocking != nil {
		return err
	}
	if (mangle == "" || mangle == "0") && p.Bool("defang_all") {
		mangle = "1"
	}
	r.Mangle = allowed(p, m, r, mangle)
	if r.Trace != nil && mangle != "" && mangle != "0" {
		what := "the body is changed: " + mangle
		if r.Mangle == "" {
			what = "the body is not changed (" + mangle + "): that is for local recipients, or needs $allow_disclaimers and a local author"
		}
		r.Note(mail.StageHeader, what, "%defang_maps_by_ccat", lookup.Result{})
	}
	return nil
}

// levels compares the score with the recipient's levels (README.policy-on-notifications).
func levels(p *rules.Policy, r *mail.Recipient) error {
	if r.BypassSpam {
		return nil
	}
	above := func(table string, bonus float64, blank bool) (bool, lookup.Result, error) {
		res, ok, err := p.Tables(table).Find(r.Query)
		if err != nil {
			return false, res, err
		}
		if !ok || blank && res.String() == "" {
			return blank, res, nil
		}
		return r.SpamLevel+bonus >= res.Num(), res, nil
	}
	whitened := 0.0
	if r.Whitelisted {
		whitened = -10
	}
	tag, res, err := above("spam_tag_level_maps", whitened, true)
	if err != nil {
		return err
	}
	if tag || r.Blacklisted {
		r.Cats.Add(rules.Clean, 1)
	}
	level(r, "spam_tag_level_maps", tag || r.Blacklisted, res)
	for _, l := range []struct {
		table string
		major rules.Category
		minor int
	}{{"spam_tag2_level_maps", rules.Spammy, 0}, {"spam_tag3_level_maps", rules.Spammy, 1}, {"spam_kill_level_maps", rules.Spam, 0}} {
		reached, res, err := above(l.table, 0, false)
		if err != nil {
			return err
		}
		if !r.Whitelisted && (reached || r.Blacklisted) {
			r.Cats.Add(l.major, l.minor)
		}
		level(r, l.table, !r.Whitelisted && (reached || r.Blacklisted), res)
	}
	return nil
}

// level notes how the score compares with a level.
func level(r *mail.Recipient, table string, reached bool, res lookup.Result) {
	if r.Trace == nil {
		return
	}
	name := strings.TrimSuffix(strings.TrimPrefix(table, "spam_"), "_level_maps")
	score := fmt.Sprintf("score %.4g", r.SpamLevel)
	switch {
	case !r.SpamScored:
		score = "no score, which counts as 0,"
	case r.Blacklisted && reached:
		score += ", from a blacklisted sender,"
	case r.Whitelisted:
		score += ", from a whitelisted sender,"
	}
	what := score + " is below the " + name + " level"
	switch {
	case reached:
		what = score + " reaches the " + name + " level"
	case res.String() == "":
		what = "there is no " + name + " level"
	}
	r.Note(mail.StageLevel, what, "@"+table, res)
}

func size(p *rules.Policy, m Message, r *mail.Recipient) error {
	t := p.Tables("message_size_limit_maps")
	if t.Len() == 0 {
		return nil
	}
	res, ok, err := t.Find(r.Query)
	if err != nil || !ok {
		return err
	}
	limit := res.Num()
	if limit > 0 && limit < MinSizeLimit && m.SizeFloor {
		limit = MinSizeLimit
	}
	if limit > 0 && float64(m.Size) > limit {
		r.Cats.Add(rules.Oversized, 0)
		r.Note(mail.StageFound, "larger than the size limit", "@message_size_limit_maps", res)
	}
	return nil
}

// Oversized is the destiny that an oversized message would have for an address, lovers considered.
func Oversized(p *rules.Policy, q *lookup.Query) (rules.Destiny, error) {
	r := &mail.Recipient{Query: q, Cats: mail.Categories{{Major: rules.Oversized}}}
	_, err := destiny(p, Message{Sender: "-"}, r)
	return r.Destiny, err
}

// WouldPass says whether a recipient would get the message by what is known so far. The recipient is left as it is.
func WouldPass(p *rules.Policy, m Message, r *mail.Recipient) (bool, error) {
	probe := &mail.Recipient{Rcpt: r.Rcpt, Internal: r.Internal, Query: r.Query, Cats: r.Cats}
	_, err := destiny(p, m, probe)
	return probe.Blocking == nil, err
}

// destiny walks the categories from the most important one. The first whose destiny is not to pass, for a recipient who
// does not love it, blocks. mangle is the topmost wish to change the body.
func destiny(p *rules.Policy, m Message, r *mail.Recipient) (mangle string, err error) {
	r.Destiny = rules.Pass
	rows, err := p.AllByCCat([]string{"final_destiny_maps_by_ccat", "lovers_maps_by_ccat", "defang_maps_by_ccat"}, r.Cats)
	if err != nil {
		return "", err
	}
	for _, row := range rows {
		c, fd, lovers, defang := row[0].CCat, row[0], row[1], row[2]
		want, res, ok, err := ask(fd, r)
		if err != nil {
			return "", err
		}
		d := rules.Pass
		if ok {
			d = rules.Destiny(eval.ToInt(want))
		}
		if d != rules.Pass {
			loved, by, _, err := lover(lovers, r)
			switch {
			case err != nil:
				return "", err
			case loved:
				note(r, mail.StageLover, "wants mail all the same that is ", "", lovers, "lovers_maps_by_ccat", by)
			case d == rules.Bounce && c.Major == rules.BadHeader && (m.Sender == "" || m.Bulk != ""):
				r.Note(mail.StageDestiny, "a bad header in bulk mail or in a bounce is not bounced: it passes", "", lookup.Result{})
			default:
				blocking := c
				r.Blocking, r.Destiny = &blocking, d
				note(r, mail.StageLover, "does not want mail that is ", "", lovers, "lovers_maps_by_ccat", by)
				if r.Trace != nil {
					note(r, mail.StageDestiny, "blocked as ", ": "+d.String(), fd, "final_destiny_maps_by_ccat", res)
				}
				return "", nil
			}
		}
		if d == rules.Pass && ok {
			if c == (rules.CCat{}) && r.Trace != nil {
				r.Note(mail.StageDestiny, "passes: nothing blocks it", fd.Name("final_destiny_maps_by_ccat"), res)
			} else {
				note(r, mail.StageDestiny, "passes as ", "", fd, "final_destiny_maps_by_ccat", res)
			}
		}
		if mangle == "" {
			v, _, ok, err := ask(defang, r)
			if err != nil {
				return "", err
			}
			if ok {
				mangle = eval.ToString(v)
			}
		}
	}
	return mangle, nil
}

// note tells what a by-category table said of a recipient.
func note(r *mail.Recipient, stage mail.Stage, before, after string, s rules.Setting, table string, res lookup.Result) {
	if r.Trace != nil {
		r.Note(stage, before+Name(s.CCat)+after, s.Name(table), res)
	}
}

// ask gives a setting's value for a recipient; ok is false for undef.
func ask(s rules.Setting, r *mail.Recipient) (eval.Value, lookup.Result, bool, error) {
	res, ok, err := s.Tables.Find(r.Query)
	if res.Origin.IsZero() {
		res.Origin = s.Origin
	}
	return res.Value, res, ok, err
}

func lover(s rules.Setting, r *mail.Recipient) (bool, lookup.Result, bool, error) {
	v, res, ok, err := ask(s, r)
	return ok && eval.ToBool(v), res, ok, err
}

// allowed keeps a wish to change the body within its bounds: defanging is for local recipients, disclaimers are for mail
// from local authors where the policy allows them.
func allowed(p *rules.Policy, m Message, r *mail.Recipient, mangle string) string {
	switch strings.ToLower(mangle) {
	case "", "0":
		return ""
	case "disclaimer", "nulldisclaimer":
		if !p.Bool("allow_disclaimers") || !m.LocalAuthor || p.Bool("outbound_disclaimers_only") && r.Local {
			return ""
		}
	default:
		if !r.Local {
			return ""
		}
	}
	return mangle
}

var names = map[rules.Category]string{rules.CatchAll: "other", rules.Clean: "clean", rules.MTA: "refused by the next hop",
	rules.Oversized: "oversized", rules.BadHeader: "bad header", rules.Spammy: "spammy", rules.Spam: "spam",
	rules.Unchecked: "unchecked", rules.Banned: "banned", rules.Virus: "infected"}

// Name is a category in plain words, for traces.
func Name(c rules.CCat) string {
	if c.Minor > 0 {
		return fmt.Sprintf("%s (%d)", names[c.Major], c.Minor)
	}
	return names[c.Major]
}
