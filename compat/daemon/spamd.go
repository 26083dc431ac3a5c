package daemon

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"mavis/compat/cli"
	"mavis/engine/spam"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// startSpamd starts a spamd of our own when the scanner SpamAssassin is in use anywhere; nil when it is not.
func startSpamd(opt Options, logf func(int, string, ...any)) (*spam.Spamd, error) {
	cfg := opt.Config
	if !needsSpamd(cfg) {
		return nil, nil
	}
	global := func(name string) string { return eval.ToString(cfg.Global('$', name)) }
	o := spam.SpamdOptions{Path: cfg.Paths.Search, Folder: cfg.Paths.Temp, Home: cfg.Paths.HelpersHome,
		Local: eval.ToBool(cfg.Global('$', "sa_local_tests_only")), Children: cfg.Servers.MaxServers,
		ConfigPath: global("sa_configpath"), SiteConfigPath: global("sa_siteconfigpath"), Debug: global("sa_debug"), Log: logf}
	if os.Geteuid() == 0 {
		id, err := cli.Lookup(cfg.Identity.User, cfg.Identity.Groups)
		if err != nil {
			return nil, fmt.Errorf("spamd does not run as root: %w", err)
		}
		groups := make([]uint32, len(id.Groups))
		for i, g := range id.Groups {
			groups[i] = uint32(g)
		}
		o.Credential = &syscall.Credential{Uid: uint32(id.UID), Gid: groups[0], Groups: groups}
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
