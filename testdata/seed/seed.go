// Package seed holds the configuration this project was asked for first, and sample mails for it. `mavis try` runs on
// them, and tests use them.
package seed

import _ "embed"

// Config is the seed's amavisd.conf: the settings as restored by hand, without its comments.
//
//go:embed amavisd.conf
var Config []byte
