package voice

import (
	"strings"

	"mavis/compat/header"
	"mavis/engine/flow"
	"mavis/engine/mail"
)

// headerSteps tells which fields a copy gets, and which the message loses.
func headerSteps(t *flow.Task, r *mail.Recipient, edits *header.Edits, b base) error {
	add := func(what, setting string) {
		t.Steps.Add(mail.Step{Stage: mail.StageHeader, Rcpt: r.Internal, What: what, Setting: setting})
	}
	for _, raw := range edits.Added() {
		field := strings.TrimSuffix(strings.ReplaceAll(string(raw), "\n", " "), " ")
		add("adds "+strings.Join(strings.Fields(field), " "), "")
	}
	for _, f := range b.fields {
		was, now := header.Changed(f, edits)
		switch {
		case was == now:
		case now == "":
			add("removes "+f.Name, "")
		default:
			add("changes "+now, "")
		}
	}
	if b.body != nil {
		add("the body is changed: "+r.Mangle, "")
	}
	return tagStep(t, r)
}

// tagStep tells where the tag of the subject comes from.
func tagStep(t *flow.Task, r *mail.Recipient) error {
	if !r.Local {
		return nil
	}
	rows, err := t.Policy.AllByCCat([]string{"subject_tag_maps_by_ccat"}, r.Cats)
	if err != nil {
		return err
	}
	for _, row := range rows {
		res, ok, err := row[0].Tables.Find(r.Query)
		if err != nil {
			return err
		}
		if ok && res.String() != "" {
			r.Note(mail.StageHeader, "the subject has the tag "+res.String(), row[0].Name("subject_tag_maps_by_ccat"), res)
			break
		}
	}
	return nil
}
