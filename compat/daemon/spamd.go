package daemon

import (
	"context"
	"fmt"
	"time"

	"mavis/compat/cli"
	"mavis/engine/spam"
	"mavis/rules"
)

// Spamd starts a spamd of our own when the scanner SpamAssassin is in use anywhere; nil when it is not.
func Spamd(cfg *rules.Config, logf func(int, string, ...any)) (*spam.Spamd, error) {
	if !needsSpamd(cfg) {
		return nil, nil
	}
	o, err := spam.SpamdFor(cfg, logf)
	if err != nil {
		return nil, err
	}
	if o.Credential != nil {
		id, err := cli.Lookup(cfg.Identity.User, cfg.Identity.Groups)
		if err != nil {
			return nil, fmt.Errorf("spamd does not run as root: %w", err)
		}
		o.Credential.Groups = make([]uint32, len(id.Groups))
		for i, g := range id.Groups {
			o.Credential.Groups[i] = uint32(g)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	return spam.StartSpamd(ctx, o)
}

func needsSpamd(cfg *rules.Config) bool {
	base := cfg.Base()
	if spam.NeedsSpamd(base) {
		return true
	}
	for _, bank := range cfg.Banks() {
		if p, err := base.With(bank); err == nil && spam.NeedsSpamd(p) {
			return true
		}
	}
	return false
}
