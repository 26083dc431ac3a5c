package daemon

import (
	"mavis/engine/flow"
	"mavis/engine/spam"
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules"
)

// CodeNotYet marks a setting that this version cannot honour.
const CodeNotYet = "D900"

// honours reports what the configuration asks for and this version does not do. What would let mail pass that should not is
// an error; what only leaves something out is a warning.
func honours(cfg *rules.Config, bag *diag.Bag) {
	refuse := func(at source.Span, what, help string) {
		bag.Add(diag.Diagnostic{Code: CodeNotYet, Severity: diag.Error, Span: at, Message: what + " is not supported by this version", Help: help})
	}
	base := cfg.Base()
	for _, s := range base.SpamScanners() {
		switch kind := spam.Kind(s); kind {
		case "SpamAssassin", "SpamdClient", "RspamdClient", "ExtProg":
		default:
			if flow.SpamCode(base) {
				refuse(s.Origin, "spam scanner "+s.Name+" of kind "+kind, "take the entry out")
			}
		}
	}
	for _, s := range []struct {
		sources []rules.DataSource
		what    string
	}{{cfg.LookupSQL, "looking up settings in SQL (@lookup_sql_dsn)"}, {cfg.StorageSQL, "logging and quarantine in SQL (@storage_sql_dsn)"},
		{cfg.StorageRedis, "storage in Redis (@storage_redis_dsn)"}} {
		if len(s.sources) > 0 {
			refuse(s.sources[0].Origin, s.what, "take the entry out")
		}
	}
	if cfg.Paths.Chroot != "" {
		refuse(source.Span{}, "$daemon_chroot_dir", "set it to undef")
	}
	for _, l := range cfg.Listeners {
		if speaksPDP(cfg, l) {
			bag.Add(diag.Diagnostic{Code: CodeNotYet, Severity: diag.Warning, Span: l.Origin,
				Message: "AM.PDP on " + l.Address + " is not supported by this version: every request there is answered with a temporary failure"})
		}
	}
	told := map[string]bool{}
	for _, bank := range append([]string{""}, cfg.Banks()...) {
		p, err := base.With(bank)
		if err != nil {
			continue
		}
		reportGaps(p, told, bag)
		if p.Bool("enable_ldap") {
			refuse(p.Origin("enable_ldap"), "looking up settings in LDAP ($enable_ldap)", "set it to 0")
		}
		if p.Bool("enable_dkim_signing") {
			refuse(p.Origin("enable_dkim_signing"), "signing with DKIM ($enable_dkim_signing)", "set it to 0")
		}
		if bank == "" && p.Bool("enable_dkim_verification") {
			bag.Add(diag.Diagnostic{Code: CodeNotYet, Severity: diag.Warning, Span: p.Origin("enable_dkim_verification"),
				Message: "DKIM signatures are not verified by this version"})
		}
		checkTLS(cfg, p, told, bag)
	}
}
