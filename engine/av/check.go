package av

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"mavis/engine/program"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules"
)

// Finding is a line for the log at start about one entry.
type Finding struct {
	Level  int // -1 for an entry that can never work, as the original's levels go
	Text   string
	Origin source.Span
}

// Check says of each entry how it will be run, and of those that cannot be, why and where they stand. tier is "primary" or
// "secondary". An entry that cannot be run counts as a scanner that fails; one whose program is missing is passed over.
func Check(list []rules.Scanner, path []string, tier string) []Finding {
	var out []Finding
	for i := range list {
		e := &list[i]
		f := Finding{Origin: e.Origin}
		if err := unusable(e); err != nil {
			f.Level, f.Text = -1, fmt.Sprintf("virus scanner %s at %s can never answer: %v", e.Name, e.Origin, err)
		} else if e.CallCode != nil || e.Call != "" {
			f.Text = fmt.Sprintf("Using %s internal av scanner code for %s", tier, e.Name)
		} else if command, ok := program.Find(e.Programs, path); ok {
			f.Text = fmt.Sprintf("Found %s av scanner %s at %s", tier, e.Name, strings.Join(command, " "))
		} else {
			f.Text = fmt.Sprintf("No %s av scanner: %s", tier, e.Name)
		}
		out = append(out, f)
	}
	return out
}

// perlModules are calls and protocols that load a scanner's library into Perl.
var perlModules = map[string]string{"ask_clamav": "Mail::ClamAV", "clamav-perl": "Mail::ClamAV", "savi-perl": "SAVI", "ask_savi": "SAVI",
	"sophos_savi": "SAVI", "sophos_savi_internal": "SAVI", "clamav_module_internal": "Mail::ClamAV"}

// unusable says why an entry can never give an answer here; nil when it can.
func unusable(e *rules.Scanner) error {
	if e.CallCode != nil || e.Call == "" {
		return nil
	}
	if m, ok := perlModules[e.Call]; ok {
		return fmt.Errorf("%s needs the Perl module %s; ask the scanner's daemon by ask_daemon", e.Call, m)
	}
	if e.Call != "ask_daemon" && e.Call != "ask_av_smtp" {
		return fmt.Errorf("scanner code %s does not exist; use ask_daemon", e.Call)
	}
	if len(e.Sockets) == 0 {
		return errors.New("no socket given")
	}
	switch proto := dialogueOf(e); proto {
	case "", "simple", "sophie", "trophie", "sssp", "savapi", "clamd", "smtp", "lmtp":
	default:
		if m, ok := perlModules[proto]; ok {
			return fmt.Errorf("protocol %s needs the Perl module %s; ask the scanner's daemon by ask_daemon", proto, m)
		}
		return fmt.Errorf("unsupported protocol %q in %q", proto, e.Sockets[0])
	}
	if e.Call == "ask_av_smtp" && dialogueOf(e) != "smtp" && dialogueOf(e) != "lmtp" {
		return fmt.Errorf("ask_av_smtp wants a socket that begins with smtp: or lmtp:, and %q does not", e.Sockets[0])
	}
	for _, spec := range e.Sockets {
		if _, err := address(spec); err != nil {
			return err
		}
	}
	return nil
}

// dialogueOf is the protocol of an entry: that of its first socket.
func dialogueOf(e *rules.Scanner) string {
	if len(e.Sockets) == 0 {
		return ""
	}
	proto, _ := socketProtocol(e.Sockets[0])
	return proto
}

var multi = regexp.MustCompile(`(?i)\b(?:sophie|trophie|fpscand)\b`)

// multiSession says that a daemon takes several requests in one session, each answered by a line. The original tells
// such daemons by the name of the entry.
func multiSession(e *rules.Scanner) bool {
	proto := dialogueOf(e)
	return proto == "sophie" || proto == "trophie" || multi.MatchString(e.Name)
}

// extra is the first further argument of an entry: the product of savapi:, the recipient of smtp:.
func extra(e *rules.Scanner) string {
	if len(e.Extra) == 0 {
		return ""
	}
	return eval.ToString(e.Extra[0])
}
