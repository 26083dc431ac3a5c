package rules

import (
	"mavis/perlconf/diag"
)

// Config is a whole configuration. It does not change after Bind and is safe for use by several goroutines.
type Config struct {
	src Source
}

func bind(src Source, _ *diag.Bag) *Config { return &Config{src: src} }
