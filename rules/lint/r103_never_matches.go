package lint

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/regex"
	"mavis/perlconf/syntax"
	"mavis/rules"
)

// neverMatches holds the patterns of ClamAV's entries against what ClamAV answers.
func neverMatches() Rule {
	return Rule{
		Code: "R103", Name: "scanner-pattern-never-matches", Severity: diag.Warning,
		Summary: "a scanner's patterns do not match what the scanner answers",
		Page: Page{
			What: "An entry for ClamAV has patterns for clean and infected files. They were tried on answers of clamd and clamscan, such as " +
				"\"/p001: Eicar-Test-Signature FOUND\" and \"/parts: OK\", and match none.",
			Why:   "When the pattern for infected files never matches, no virus is found; when the one for clean files never matches, all mail waits.",
			Wrong: "@av_scanners = (['ClamAV', \\&ask_daemon, [\"CONTSCAN {}\\n\", '/run/clamd.sock'], qr/\\bOK$/m, qr/\\bVIRUS$/m, qr/^.*?: (.*) FOUND$/m]);\n",
			Right: "@av_scanners = (['ClamAV', \\&ask_daemon, [\"CONTSCAN {}\\n\", '/run/clamd.sock'], qr/\\bOK$/m, qr/\\bFOUND$/m, qr/^.*?: (.*) FOUND$/m]);\n",
			Fix:   "Take the patterns of the stock entry: qr/\\bOK$/m, qr/\\bFOUND$/m, qr/^.*?: (?!Infected Archive)(.*) FOUND$/m.",
		},
		Check: func(p *Pass) {
			written := scannerEntries(p)
			base := p.Config.Base()
			for _, s := range append(base.AVScanners(), base.AVScannersBackup()...) {
				if !isClam(s) {
					continue
				}
				for _, c := range []struct {
					re      *regex.Regexp
					elem    int
					answers []string
					what    string
				}{
					{s.Infected.Pattern, 4, clamInfected, "an infected file: no virus is recognised"},
					{s.Clean.Pattern, 3, clamClean, "a clean file: all mail waits"},
					{s.NameRE, 5, clamInfected, "a virus: its name stays unknown"},
				} {
					if c.re == nil || matchesAny(c.re, c.answers) {
						continue
					}
					at := s.Origin
					for _, e := range written {
						if x, ok := e.elem(c.elem).(*syntax.Regexp); ok && (e.holds(s.Origin) || e.array.Span() == s.Origin) {
							at = x.Span()
						}
					}
					if len(lostPlaces(c.re.Pattern())) > 0 {
						continue // R101 tells why, and mends it
					}
					p.Report(at, "this pattern matches no answer of ClamAV about %s", c.what)
				}
			}
		},
	}
}

// Answers of clamd 0.8x to 1.x and of clamscan, in the forms of the commands SCAN, CONTSCAN, MULTISCAN and INSTREAM
// (clamd(8)), alone and among others.
var (
	clamInfected = []string{
		"/var/amavis/tmp/parts/p001: Eicar-Test-Signature FOUND\n", "stream: Win.Test.EICAR_HDB-1 FOUND\n",
		"/var/amavis/tmp/parts/p001: Eicar-Test-Signature FOUND\x00", "/var/amavis/tmp/parts/p001: Eicar-Test-Signature FOUND",
		"/p002: OK\n/p001: Eicar-Test-Signature FOUND\n/p003: OK\n", "1: /p001: Eicar-Test-Signature FOUND\n",
	}
	clamClean = []string{"/var/amavis/tmp/parts: OK\n", "stream: OK\n", "/var/amavis/tmp/parts: OK\x00", "/var/amavis/tmp/parts: OK", "1: /p001: OK\n"}
)

func matchesAny(re *regex.Regexp, answers []string) bool {
	for _, a := range answers {
		if ok, err := re.Match(a); ok || err != nil {
			return true
		}
	}
	return false
}

// isClam says that an entry asks clamd or runs clamscan or clamdscan.
func isClam(s rules.Scanner) bool {
	for _, x := range s.Programs {
		if strings.Contains(x, "clam") {
			return true
		}
	}
	for _, x := range s.Sockets {
		if strings.Contains(x, "clam") {
			return true
		}
	}
	return strings.Contains(strings.ToLower(s.Name), "clam") && s.Call == "ask_daemon"
}
