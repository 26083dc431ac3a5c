package stored

import (
	"bytes"
	"net/netip"
	"regexp"
	"strings"

	"mavis/engine/mail"
	"mavis/engine/origin"
)

// maxTop bounds the header that is looked at for an envelope.
const maxTop = 64 << 10

// Header splits the beginning of a mail into header fields. size is the number of bytes that they take.
func Header(top []byte) (fields []mail.Field, size int) {
	for size < len(top) {
		end := lineEnd(top, size)
		line := bytes.TrimRight(top[size:end], "\r\n")
		if len(line) == 0 {
			break
		}
		for end < len(top) && (top[end] == ' ' || top[end] == '\t') {
			end = lineEnd(top, end)
		}
		name, _, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			name = nil
		}
		fields = append(fields, mail.Field{Name: string(bytes.TrimRight(name, " \t")), Raw: top[size:end]})
		size = end
	}
	return fields, size
}

func lineEnd(b []byte, from int) int {
	if i := bytes.IndexByte(b[from:], '\n'); i >= 0 {
		return from + i + 1
	}
	return len(b)
}

// put says whether a field is one that delivery or a filter puts on top of a mail.
func put(name string) bool {
	switch n := strings.ToLower(name); n {
	case "return-path", "delivered-to", "x-original-to", "envelope-to", "x-envelope-from", "x-envelope-to", "x-envelope-to-blocked",
		"x-quarantine-id", "x-virus-scanned", "x-delivered-to", "delivery-date":
		return true
	default:
		return strings.HasPrefix(n, "x-spam-") || strings.HasPrefix(n, "x-amavis-")
	}
}

var filterHop = regexp.MustCompile(`(?i)\(amavis(?:d-new)?[,)]`)

// Added is how many bytes at the start of a mail were put there on its way through a filter and into its mailbox: fields
// that only these write, and the filter's own Received field with all that stands above it.
func Added(fields []mail.Field) int {
	size, added, open := 0, 0, false
	for _, f := range fields {
		size += len(f.Raw)
		switch strings.ToLower(f.Name) {
		case "received", "dkim-signature", "authentication-results", "x-sieve":
			if open = !filterHop.Match(f.Raw); !open {
				added = size
			}
			continue
		}
		if !put(f.Name) {
			return added
		}
		if !open {
			added = size
		}
	}
	return added
}

var idOfFilter = regexp.MustCompile(`(?is)\(amavis(?:d-new)?[,)].*\bid ([A-Za-z0-9+_-]{8,20})\b`)

// FromHeader reads the envelope out of what delivery and the filter wrote on top of a mail. Whatever stands there may be
// forged by a sender when the mail did not come through them.
func FromHeader(fields []mail.Field) Envelope {
	var e Envelope
	var to, original, delivered, exim []string
	client := ""
	for _, f := range fields {
		body := strings.TrimSpace(origin.Body(f))
		switch strings.ToLower(f.Name) {
		case "x-envelope-from":
			e.From, e.HasFrom = first(body), true
		case "return-path":
			if !e.HasFrom {
				e.From, e.HasFrom = first(body), true
			}
		case "x-envelope-to":
			to = append(to, paths(body)...)
		case "x-original-to":
			original = append(original, angle(body))
		case "delivered-to":
			delivered = append(delivered, angle(body))
		case "envelope-to":
			exim = append(exim, paths(body)...)
		case "x-quarantine-id":
			e.MailID = angle(body)
		case "received":
			if m := idOfFilter.FindStringSubmatch(body); m != nil {
				if e.MailID == "" {
					e.MailID = m[1]
				}
				continue
			}
			if client == "" {
				client = addressOf(origin.ParseReceived(body).IP)
			}
		}
	}
	for _, list := range [][]string{to, original, exim, delivered} {
		if len(list) > 0 {
			e.To = unique(list)
			if len(original) > 0 && len(to) == 0 {
				e.To = e.To[:1] // the topmost is the one this copy was for
			}
			break
		}
	}
	if e.ClientIP = client; client != "" {
		e.HasClient = true
	}
	return e
}

// addressOf is an address that is no loopback one: that is the filter's own way back.
func addressOf(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil || a.IsLoopback() {
		return ""
	}
	return ip
}

// Named takes recipients from To and Cc, when nothing else is known.
func Named(fields []mail.Field) (to []string) {
	for _, f := range fields {
		switch strings.ToLower(f.Name) {
		case "to", "cc":
			for _, a := range origin.Addresses(origin.Body(f)) {
				if strings.Contains(a, "@") && len(to) < 100 {
					to = append(to, a)
				}
			}
		}
	}
	return unique(to)
}

// Author is the address of Sender, else of From, for mail whose envelope sender is not known.
func Author(fields []mail.Field) string {
	for _, name := range []string{"Sender", "From"} {
		body, _ := origin.Get(fields, name)
		if a := first(body); strings.Contains(a, "@") {
			return a
		}
	}
	return ""
}

// first is the first path of a field body.
func first(body string) string {
	if p := paths(body); len(p) > 0 {
		return p[0]
	}
	return ""
}

// paths are the addresses of a field such as X-Envelope-To: bracketed or not, parted by commas.
func paths(body string) []string {
	return origin.Addresses(body)
}

func unique(in []string) []string {
	seen := make(map[string]bool, len(in))
	out := in[:0:0]
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
