package origin

import (
	"strings"

	"mavis/engine/mail"
)

// Resent gives the addresses of Resent-From and Resent-Sender in internal form, block by block from the top, those of
// Resent-From first (RFC 5322 section 3.6.6).
func Resent(fields []mail.Field) []string {
	var out, from, sender []string
	end := func() {
		out = append(append(out, from...), sender...)
		from, sender = nil, nil
	}
	for _, f := range fields {
		name := strings.ToLower(f.Name)
		if len(from) > 0 && (!strings.HasPrefix(name, "resent-") || name == "resent-from" || name == "resent-sender" && len(sender) > 0) {
			end()
		}
		to := &from
		switch name {
		case "resent-sender":
			to = &sender
		case "resent-from":
		default:
			continue
		}
		for _, a := range Addresses(Body(f)) {
			*to = append(*to, mail.Unquote(a))
		}
	}
	end()
	return out
}
