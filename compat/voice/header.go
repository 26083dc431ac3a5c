package voice

import (
	"context"
	"errors"
	"strings"

	"mavis/compat/header"
	"mavis/compat/mangle"
	"mavis/engine/flow"
	"mavis/engine/mail"
	"mavis/perlconf/eval"
	"mavis/rules/lookup"
)

// settings are the members of the policy in force, and the facts, that govern header fields.
func settings(t *flow.Task) header.Settings {
	p := t.Policy
	allowed, ours := p.Hash("allowed_added_header_fields"), p.Hash("prefer_our_added_header_fields")
	s := header.Settings{
		Hostname: p.Str("myhostname"), LocalName: p.Str("localhost_name"), Product: eval.ToString(p.Config().Global('$', "myproduct_name")),
		Allowed:    func(f string) bool { return allowed.Bool(strings.ToLower(f)) },
		PreferOurs: func(f string) bool { return ours.Bool(strings.ToLower(f)) },
		Tag:        p.Str("X_HEADER_TAG"), Line: p.Str("X_HEADER_LINE"), RemoveScanned: p.Bool("remove_existing_x_scanned_headers"),
		StarChar: p.Str("sa_spam_level_char"), AuthServID: p.Str("myauthservid"), VerifyDKIM: p.Bool("enable_dkim_verification"),
		VirusCode: flow.VirusCode(p), SpamCode: flow.SpamCode(p),
		Format: header.Format{Charset: p.Str("hdr_encoding"), Base64: strings.EqualFold(p.Str("hdr_encoding_qb"), "B"), SMTPUTF8: t.Envelope.SMTPUTF8},
		LogID:  t.LogID, MailID: t.MailID, Received: t.Received, Sender: mail.Quote(t.Sender), Hold: t.Hold, Viruses: t.VirusNames(), BadHeaders: t.BadHeaders,
		Quarantined: len(t.QuarantinedTo) > 0, Supplementary: t.SpamInfo, SpamReport: t.SpamReport, Header: t.Header, ClientAddr: t.ClientIP, ClientPort: t.ClientPort,
		Connection: header.Connection{Helo: t.Client.Helo, Protocol: t.Client.Protocol},
	}
	if a := t.Client.Peer; a.IsValid() {
		s.Connection.ClientIP = a.Addr().String()
		s.Connection.SocketIP, s.Connection.SocketPort = t.Client.Local.Addr().String(), int(t.Client.Local.Port())
	}
	for _, r := range t.Rcpts {
		s.Recipients = append(s.Recipients, mail.Quote(r.Internal))
	}
	return s
}

func headerRecipient(t *flow.Task, r *mail.Recipient) (header.Recipient, error) {
	h := header.Recipient{Recipient: recipient(t, r), Blacklisted: r.Blacklisted, Whitelisted: r.Whitelisted, BypassVirus: r.BypassVirus,
		Report: r.SpamReport, Mangled: r.Mangle, Forwarded: len(r.Method) > 0}
	if name, ok := names(t.Policy.Config())(r.Cats.Main()); ok {
		h.CategoryName = name
	}
	res, ok, err := t.Policy.Tables("remove_existing_spam_headers_maps").Find(r.Query)
	if err != nil {
		return h, err
	}
	h.RemoveSpam = ok && res.Bool()
	if r.Local {
		h.SubjectTag, err = subjectTag(t, r)
	}
	return h, err
}

// subjectTag is the first tag, from the most important category down, that is not empty.
func subjectTag(t *flow.Task, r *mail.Recipient) (string, error) {
	rows, err := t.Policy.AllByCCat([]string{"subject_tag_maps_by_ccat"}, r.Cats)
	if err != nil {
		return "", err
	}
	for _, row := range rows {
		res, ok, err := row[0].Tables.Find(r.Query)
		if err != nil || ok && res.String() != "" {
			return res.String(), err
		}
	}
	return "", nil
}

// Groups parts recipients by the header and body they get. Recipients of one group share a copy. The copies are to be
// closed after use.
func (v *Voice) Groups(ctx context.Context, t *flow.Task, rcpts []*mail.Recipient) (out []flow.Copy, err error) {
	s := settings(t)
	made := &bodies{v: v, t: t, made: map[string]*mangle.Altered{}}
	place := map[string]int{}
	var bases []base
	defer func() {
		if err != nil {
			err = errors.Join(err, flow.CloseCopies(out))
			out = nil
		}
	}()
	for _, r := range rcpts {
		h, err := headerRecipient(t, r)
		if err != nil {
			return out, err
		}
		edits, tagged := header.Forward(s, h)
		key := header.Key(s, h)
		n, known := place[key]
		if !known {
			n = len(out)
			place[key] = n
			b, err := made.base(ctx, r, edits)
			if err != nil {
				return out, err
			}
			bases = append(bases, b)
			res := header.Apply(b.fields, edits, b.repair)
			out = append(out, flow.Copy{Header: append(mangle.Clean(res.Header), "\r\n"...), Body: b.body, Resend: b.resend, Release: b.release})
		}
		if t.Steps != nil {
			if err := headerSteps(t, r, edits, bases[n]); err != nil {
				return out, err
			}
		}
		r.Tagged = tagged
		if err := rewrite(t, r); err != nil {
			return out, err
		}
		if err := extend(t, r); err != nil {
			return out, err
		}
		out[n].Rcpts = append(out[n].Rcpts, r)
	}
	return out, nil
}

func repair(t *flow.Task) header.Repair {
	p := t.Policy
	if !p.Bool("allow_fixing_improper_header") {
		return header.Repair{}
	}
	return header.Repair{BareCR: true, Folding: p.Bool("allow_fixing_improper_header_folding"), Long: p.Bool("allow_fixing_long_header_lines")}
}

// Held is the header of the copy for quarantine.
func (v *Voice) Held(t *flow.Task) ([]byte, error) {
	var rcpts []header.Recipient
	for _, r := range t.Rcpts {
		h, err := headerRecipient(t, r)
		if err != nil {
			return nil, err
		}
		rcpts = append(rcpts, h)
	}
	return header.Apply(t.Header, header.Quarantine(settings(t), rcpts), header.Repair{}).Header, nil
}

// rewrite replaces parts of a local recipient's address by what %addr_rewrite_maps_by_ccat says. The first address counts; an
// empty part stays as it is.
func rewrite(t *flow.Task, r *mail.Recipient) error {
	s, ok, err := t.Policy.ByCCat("addr_rewrite_maps_by_ccat", flow.Settings(r))
	if !r.Local || err != nil || !ok {
		return err
	}
	res, ok, err := s.Tables.Find(r.Query)
	if err != nil || !ok {
		return err
	}
	first, _, _ := strings.Cut(res.String(), ",")
	if first = strings.TrimSpace(first); first == "" {
		return nil
	}
	local, domain := mail.SplitAddress(r.Internal)
	newLocal, newDomain := mail.SplitAddress(first)
	if newLocal == "" {
		newLocal = local
	}
	if newDomain == "" {
		newDomain = domain
	}
	if delim := t.Policy.Str("recipient_delimiter"); delim != "" {
		_, ext := lookup.SplitExtension(local, delim)
		if _, own := lookup.SplitExtension(newLocal, delim); own == "" {
			newLocal += ext
		}
	}
	r.SendTo = newLocal + newDomain
	keepOriginal(r)
	return nil
}

// keepOriginal has the next hop told of the address that the sender used.
func keepOriginal(r *mail.Recipient) {
	if r.ORcpt == "" {
		r.ORcpt = "rfc822;" + mail.XText(mail.Quote(r.Internal))
	}
}

// extend appends the address extension that the recipient's category asks for (user+virus@…). Only local addresses get one.
func extend(t *flow.Task, r *mail.Recipient) error {
	delim := t.Policy.Str("recipient_delimiter")
	if !r.Local || delim == "" {
		return nil
	}
	s, ok, err := t.Policy.ByCCat("addr_extension_maps_by_ccat", flow.Settings(r))
	if err != nil || !ok {
		return err
	}
	res, ok, err := s.Tables.Find(r.Query)
	if err != nil || !ok || res.String() == "" {
		return err
	}
	local, domain := mail.SplitAddress(r.Internal)
	if t.Policy.Bool("replace_existing_extension") {
		local, _ = lookup.SplitExtension(local, delim)
	}
	r.SendTo = local + delim[:1] + res.String() + domain
	if r.Trace != nil {
		r.Note(mail.StageAddress, "goes on to "+r.SendTo, s.Name("addr_extension_maps_by_ccat"), res)
	}
	r.Tagged = true
	keepOriginal(r)
	return nil
}
