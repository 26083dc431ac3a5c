package daemon

import (
	"fmt"
	"strings"

	"mavis/engine/av"
	"mavis/engine/flow"
	"mavis/engine/program"
	"mavis/engine/spam"
	"mavis/engine/unpack"
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules"
)

// Codes of what a configuration asks for and this host does not have.
const (
	CodeNoFile    = "D910" // file(1)
	CodeNoSpamd   = "D911" // spamd
	CodeNoScanner = "D912" // a virus scanner that can never answer, or none whose program is there
	CodeNoDecoder = "D913" // a decoder that is not known here
)

// Missing reports what this host lacks for a configuration. Nothing is started.
func Missing(cfg *rules.Config, bag *diag.Bag) {
	add := func(code string, sev diag.Severity, at source.Span, help, format string, args ...any) {
		bag.Add(diag.Diagnostic{Code: code, Severity: sev, Span: at, Message: fmt.Sprintf(format, args...), Help: help})
	}
	base := cfg.Base()
	if _, found := program.Find(cfg.Paths.File, cfg.Paths.Search); !found {
		add(CodeNoFile, diag.Warning, source.Span{}, "install file(1), or set $file",
			"no program file(1): types of parts come from a small built-in table, and banning rules for types miss most of them")
	}
	if needsSpamd(cfg) {
		if _, err := spam.FindSpamd(spam.SpamdOptions{Path: cfg.Paths.Search}); err != nil {
			add(CodeNoSpamd, diag.Error, spamOrigin(base), "install it, or set @bypass_spam_checks_maps = (1)", "%v", err)
		}
	}
	if flow.VirusCode(base) {
		for _, list := range [][]rules.Scanner{base.AVScanners(), base.AVScannersBackup()} {
			for _, f := range av.Check(list, cfg.Paths.Search, "") {
				if f.Level < 0 {
					add(CodeNoScanner, diag.Warning, f.Origin, "", "%s", f.Text)
				}
			}
		}
	}
	places := map[string]source.Span{}
	for _, d := range base.Decoders() {
		places[d.Do] = d.Origin
	}
	_, found := unpack.Resolve(flow.DecodersOf(base), strings.Join(cfg.Paths.Search, ":"))
	for _, d := range found {
		if d.Unknown && d.Decoder.Do != "" { // one without a name was refused when it was read
			add(CodeNoDecoder, diag.Warning, places[d.Decoder.Do], "take the entry out of @decoders, or use one of the stock decoders",
				"the decoder %s of .%s is not known here: such parts are passed to scanners as they are", d.Decoder.Do, d.Type)
		}
	}
}

func spamOrigin(p *rules.Policy) source.Span {
	for _, s := range p.SpamScanners() {
		if spam.Kind(s) == "SpamAssassin" {
			return s.Origin
		}
	}
	return source.Span{}
}
