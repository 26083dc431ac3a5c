// Package facts turns what is known of a message into the macros of log lines and notices (amavisd README.customize,
// list of built-in macros). It looks at data only; time and ids are given.
package facts

import (
	"sort"
	"strings"
	"time"

	"mavis/engine/mail"
	"mavis/engine/origin"
	"mavis/rules"
)

// Message is all that macros tell of one message. Zero fields give empty macros.
type Message struct {
	LogID, MailID, SecretID, ParentMailID string
	PolicyBank                            string               // path of the banks in force, such as "MYNETS/ORIG"
	Hostname                              string               // $myhostname
	Received                              time.Time            // in local time
	Elapsed                               func() time.Duration // time spent until now
	SMTPUTF8, Originating                 bool
	Sender                                string // between the angle brackets, as received
	Recips                                []Recipient
	Actions                               []string // such as RelayedInbound, Quarantined
	QueueID                               string   // of the MTA, when told
	Header                                []mail.Field
	CCats                                 []rules.CCat // most important first
	Blocking                              *rules.CCat  // the one that blocks, nil when passed
	CCatName                              func(rules.CCat) (string, bool)
	BodyDigest                            string // hexadecimal
	PartitionTag                          string
	Quarantine                            []string // places, below QuarantineDir without it
	QuarantineDir                         string
	AVOutput                              string
	Viruses                               []string // in the order found; doubles are left out
	Scanners                              []string // that found something
	ScannerResults                        []ScannerResult
	BadHeaders                            []string // lines about each bad header
	SpamSummary, SpamReport               string
	Size                                  int64
	Trace                                 []origin.Hop // the first is the hop to us
	Protocol                              string
	ClientAddr, ClientName                string
	ClientHelo, ClientProto               string
	ClientPort                            int
	PeerAddr                              string // of the connection to us
	Supplementary                         map[string]string
	DKIM                                  DKIM
	TLSCipher                             string
	StarChar                              string // $sa_spam_level_char
	TestsLimit                            int    // $macro_tests_sanity_limit, 0 is no limit
	ReportFormat, FeedbackType            string
	// ReportJSON makes the structured report; args choose its fields.
	ReportJSON func(args []string) string
	// Password makes the password of an attachment, once.
	Password func() string
	// Usage gives a resource figure (ru_maxrss …), "" when unknown.
	Usage func(name string) string
}

// Recipient is what macros tell of one recipient.
type Recipient struct {
	Addr         string // between the angle brackets, as received
	Local        bool   // matches @local_domains_maps
	Pass         bool   // destiny is D_PASS
	Done         int    // 0 not yet, 1 finished by us or refused by the next hop, 2 relayed
	Response     string // SMTP response, ours or the next hop's
	RemoteMTA    string
	RemoteReply  string   // the next hop's response to the forwarded mail
	Score        *float64 // with boost; nil when not scanned
	Tests        []string // NAME=score
	CCats        []rules.CCat
	Blocking     *rules.CCat
	BannedParts  []string // full paths
	BannedAttrs  []string // paths in attribute form
	BannedShort  string   // first leaf with the rule's comment
	BannedKeys   []string
	BannedNotes  []string // comments in the rules
	BannedRHS    []string
	BypassSpam   bool
	TagLevel     *float64
	Tag2Level    *float64
	KillLevel    *float64
	Notify       []string // DSN NOTIFY, nil when not given
	HeaderTagged bool     // address extension or header tag was added
}

// ScannerResult is one scanner's answer.
type ScannerResult struct {
	Name     string
	Infected bool
	Viruses  []string
}

// DKIM is what is known of signatures.
type DKIM struct {
	Valid, New                            []Signature
	Author, Sender, ThirdParty, EnvSender string // signing domain of a valid signature of this kind
}

// Signature is one DKIM signature.
type Signature struct{ Identity, Selector, Domain string }

// Delivered says whether the recipient gets the mail.
func (r Recipient) Delivered() bool {
	return r.Pass && (strings.HasPrefix(r.Response, "2") || r.Done == 0)
}

// Report is the short delivery report of a failed recipient, as used in notices.
func (r Recipient) Report() string {
	said := ""
	if r.RemoteMTA != "" {
		said = " [" + r.RemoteMTA + "] said:"
	}
	return Quote(r.Addr) + ":" + said + "\n   " + r.Response
}

// ccatNames are the names of content categories (default of %ccat_display_names).
var ccatNames = map[rules.CCat]string{
	{Major: rules.CatchAll}: "CatchAll",
	{Major: rules.Clean}:    "Clean", {Major: rules.Clean, Minor: 1}: "CleanTag",
	{Major: rules.MTA}: "MtaFailed", {Major: rules.MTA, Minor: 1}: "MtaTempFailed", {Major: rules.MTA, Minor: 2}: "MtaRejected",
	{Major: rules.Oversized}: "Oversized",
	{Major: rules.BadHeader}: "BadHdr", {Major: rules.BadHeader, Minor: 1}: "BadHdrMime",
	{Major: rules.BadHeader, Minor: 2}: "BadHdr8bit", {Major: rules.BadHeader, Minor: 3}: "BadHdrChar",
	{Major: rules.BadHeader, Minor: 4}: "BadHdrSpace", {Major: rules.BadHeader, Minor: 5}: "BadHdrLong",
	{Major: rules.BadHeader, Minor: 6}: "BadHdrSyntax", {Major: rules.BadHeader, Minor: 7}: "BadHdrMissing",
	{Major: rules.BadHeader, Minor: 8}: "BadHdrDupl",
	{Major: rules.Spammy}:              "Spammy", {Major: rules.Spammy, Minor: 1}: "Spammy3",
	{Major: rules.Spam}:      "Spam",
	{Major: rules.Unchecked}: "Unchecked", {Major: rules.Unchecked, Minor: 1}: "UncheckedEncrypted",
	{Major: rules.Unchecked, Minor: 2}: "UncheckedOverLimits", {Major: rules.Unchecked, Minor: 3}: "UncheckedAmbiguousContent",
	{Major: rules.Banned}: "Banned", {Major: rules.Virus}: "Virus",
}

// DefaultCCatName is the name of a category in the default of %ccat_display_names.
func DefaultCCatName(c rules.CCat) (string, bool) { s, ok := ccatNames[c]; return s, ok }

// displayName looks through the categories from the most important down; what has no name is passed over, and the
// catch-all comes last. A minor category without a name is shown as its major one, which follows it in the list.
func (m *Message) displayName(cats []rules.CCat) string {
	f := m.CCatName
	if f == nil {
		f = DefaultCCatName
	}
	for _, c := range append(cats[:len(cats):len(cats)], rules.CCat{}) {
		if s, ok := f(c); ok {
			return s
		}
	}
	return ""
}

// split gives the recipients that get the mail and those that do not, quoted, and reports on the latter.
func (m *Message) split() (delivered, failed, reports []string) {
	for _, r := range m.Recips {
		if r.Delivered() {
			delivered = append(delivered, Quote(r.Addr))
		} else {
			failed = append(failed, Quote(r.Addr))
			reports = append(reports, r.Report())
		}
	}
	return delivered, failed, reports
}

// unique keeps the first of equal strings.
func unique(in []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
