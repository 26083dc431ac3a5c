// Package perlat has the places of Perl statements with which texts of the original's errors end.
//
// The original dies with texts that Perl completes by file and line, and some of them end up in SMTP replies and in the log,
// where clients and log readers see them. They are facts of amavisd-new 2.13.0 as Debian installs it, and part of what
// a reply looks like. Only those are here that a reply of ours words as well. Others carry the number of lines read
// by the process so far ("<GEN118> line 27015"), which says nothing; those are left out.
package perlat

import "strconv"

// Where the original dies, each as it stands behind the text of the error.
var (
	NotRegular       = at("Amavis/Out/Local.pm", 194) // a quarantine file would have the name of a folder or device
	FileExists       = at("Amavis/Out/Local.pm", 196) // a quarantine file would be overwritten
	NewGzip          = at("Amavis/Out/Local.pm", 200)
	NewFile          = at("Amavis/Out/Local.pm", 205)
	NewMailbox       = at("Amavis/Out/Local.pm", 217)
	OldMailbox       = at("Amavis/Out/Local.pm", 226)
	NoQuarantine     = at("Amavis.pm", 5578)         // the quarantine answered 4xx
	QuarantineNever  = at("Amavis.pm", 5581)         // it answered 5xx
	NoAdminNotice    = at("Amavis.pm", 6087)         // a notice to the administrator got 4xx
	NoRcptNotice     = at("Amavis.pm", 6197)         // a notice to a recipient got 4xx
	NoBounce         = at("Amavis.pm", 3567)         // a bounce got 4xx
	OthersDeferred   = at("Amavis/Out/SMTP.pm", 637) // a recipient must wait, so that nobody gets the mail over SMTP
	LMTPPipelining   = at("Amavis/Out/SMTP.pm", 187)
	LMTPEnhancedCode = at("Amavis/Out/SMTP.pm", 190)
	UnknownProtocol  = at("Amavis/Out.pm", 93) // of a delivery method
	NoSTARTTLS       = at("Amavis/Out/SMTP/Session.pm", 349)
)

func at(file string, line int) string {
	return " at /usr/share/perl5/" + file + " line " + strconv.Itoa(line) + "."
}
