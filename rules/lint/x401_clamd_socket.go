package lint

import (
	"net"
	"regexp"
	"strconv"
	"strings"

	"mavis/perlconf/diag"
	"mavis/rules"
)

const clamdEntry = "@av_scanners = ( ['ClamAV-clamd', \\&ask_daemon, [\"CONTSCAN {}\\n\", '/run/clamav/clamd.ctl'],\n" +
	"  qr/\\bOK$/m, qr/\\bFOUND$/m, qr/^.*?: (?!Infected Archive)(.*) FOUND$/m] );\n"

const clamdExample = "-- amavisd.conf --\n$daemon_user = 'amavis';\n$max_servers = 4;\n" + clamdEntry + "-- clamd.conf --\n"

func clamdSocket() Rule {
	return Rule{
		Code: "X401", Name: "clamd-socket", Severity: diag.Warning,
		Summary: "clamd listens elsewhere than the scanner entry asks",
		Page: Page{
			What: "No socket of a clamd entry in @av_scanners is LocalSocket, or TCPSocket, of the clamd.conf that was given.",
			Why: "The scanner never answers. Mail is then checked by the backup scanner alone, which is slow; or it waits, or passes as " +
				"UNCHECKED.",
			Wrong: clamdExample + "LocalSocket /var/lib/clamav/clamd-socket\n",
			Right: clamdExample + "LocalSocket /run/clamav/clamd.ctl\n",
			Fix:   "Write the path of LocalSocket into the scanner's entry. /run and /var/run count as the same.",
		},
		Check: checkClamdSocket,
	}
}

// clamdUse says how an entry of @av_scanners talks to clamd: with files it can read itself, or by sending them.
type clamdUse struct {
	scanner rules.Scanner
	sends   bool
}

var clamdQuery = regexp.MustCompile(`^(?:n|z)?(?:CONTSCAN|MULTISCAN|ALLMATCHSCAN|SCAN|RAWSCAN) `)

// clamds finds the entries that ask clamd.
func (p *Pass) clamds() []clamdUse {
	var out []clamdUse
	base := p.Config.Base()
	for _, list := range [][]rules.Scanner{base.AVScanners(), base.AVScannersBackup()} {
		for _, s := range list {
			sends := len(s.Sockets) > 0 && strings.HasPrefix(s.Sockets[0], "clamd:")
			if s.Call != "" && len(s.Sockets) > 0 && (sends || len(s.Query) > 0 && clamdQuery.MatchString(s.Query[0])) {
				out = append(out, clamdUse{s, sends})
			}
		}
	}
	return out
}

// samePath takes /var/run for /run.
func samePath(a, b string) bool {
	short := func(s string) string { return strings.TrimPrefix(s, "/var") }
	return a == b || strings.HasPrefix(short(a), "/run/") && short(a) == short(b)
}

func checkClamdSocket(p *Pass) {
	use := p.clamds()
	for _, c := range p.Clamd {
		path, pathAt := c.Config.String("LocalSocket")
		port, portAt := c.Config.Number("TCPSocket")
		if path == "" && port == 0 {
			continue
		}
		at := pathAt
		if at.IsZero() {
			at = portAt
		}
		for _, u := range use {
			far, met := false, false
			for _, s := range u.scanner.Sockets {
				s = strings.TrimPrefix(s, "clamd:")
				if strings.HasPrefix(s, "/") {
					met = met || samePath(s, path)
					continue
				}
				host, text, err := net.SplitHostPort(strings.TrimPrefix(s, "inet:"))
				met = met || err == nil && text == strconv.FormatInt(port, 10)
				far = far || err == nil && !p.here(host)
			}
			if met || far {
				continue
			}
			d := p.Report(u.scanner.Origin, "scanner %s asks %s, and clamd does not listen there", quoted(u.scanner.Name), strings.Join(u.scanner.Sockets, ", "))
			where := path
			if where == "" {
				where = "127.0.0.1:" + strconv.FormatInt(port, 10)
			}
			d.Help = "ask " + where
			d.Related = []diag.Related{{Span: at, Message: "clamd listens here"}}
		}
	}
}
