package header

import (
	"strings"
	"time"

	"mavis/compat/macro"
	"mavis/compat/macro/facts"
	"mavis/engine/mail"
	"mavis/rules"
)

// Settings are the members of the policy bank that govern header fields.
type Settings struct {
	Hostname  string // $myhostname
	LocalName string // $localhost_name
	Product   string // $myproduct_name
	// Allowed is %allowed_added_header_fields, PreferOurs %prefer_our_added_header_fields; nil means the defaults.
	Allowed, PreferOurs func(field string) bool
	// Tag and Line are $X_HEADER_TAG and $X_HEADER_LINE.
	Tag, Line               string
	RemoveScanned           bool   // $remove_existing_x_scanned_headers
	StarChar                string // $sa_spam_level_char
	AuthServID              string // $myauthservid
	VerifyDKIM              bool   // $enable_dkim_verification
	VirusCode, SpamCode     bool   // is any virus or spam checking configured
	SpamVersion             string // what X-Spam-Checker-Version says before "on HOST"; "" adds none
	Format                  Format
	LogID, MailID           string
	Received                time.Time // in local time
	Connection              Connection
	Sender                  string
	Recipients              []string // all of the message
	Hold                    string   // reason for X-Amavis-Hold, "" for none
	Viruses                 []string
	BadHeaders              []string
	Quarantined             bool
	SpamReport              string
	Supplementary           map[string]string
	AuthResults             []string // bodies of Authentication-Results
	Fingerprint, ClientAddr string   // of the client's operating system
	ClientPort              int
	Header                  []mail.Field
}

// Recipient is what decides on the fields for one recipient.
type Recipient struct {
	facts.Recipient
	Blacklisted, Whitelisted bool
	BypassVirus              bool
	Mangled                  string // how the body was changed; a single letter or digit means defanged
	RemoveSpam               bool   // @remove_existing_spam_headers_maps
	SubjectTag               string // with its _MACROS_ unexpanded
	PenPals                  time.Duration
	HasPenPals               bool
	CategoryName             string
	Report                   string // SpamAssassin's, for this recipient; "" means that of the message
	Forwarded                bool   // goes somewhere
}

func (r Recipient) in(c rules.Category, minor int) bool {
	for _, have := range r.CCats {
		if have == (rules.CCat{Major: c, Minor: minor}) {
			return true
		}
	}
	return false
}

func (s Settings) addsTag() bool {
	return s.Line != "" && fieldRE.MatchString(s.Tag+":") && s.allows(s.Tag)
}

func (s Settings) allows(field string) bool {
	if s.Allowed == nil {
		return DefaultAllowed(field) || strings.EqualFold(field, s.Tag)
	}
	return s.Allowed(field)
}

func (s Settings) ours(field string) bool {
	if s.PreferOurs == nil {
		return s.allows(field) && DefaultPreferred(field)
	}
	return s.allows(field) && s.PreferOurs(field)
}

func (s Settings) host() string {
	if s.Format.SMTPUTF8 {
		return macro.DomainToUnicode(s.Hostname)
	}
	return macro.DomainToASCII(s.Hostname)
}
