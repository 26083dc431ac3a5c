package spam

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"mavis/perlconf/eval"
	"mavis/rules"
)

// SpamdFor gives the options for the spamd that a configuration asks for: $sa_local_tests_only, $sa_configpath,
// $sa_siteconfigpath, $sa_debug, $helpers_home, $path, $max_servers, $child_timeout, $TEMPBASE. When we are root, spamd
// shall run as $daemon_user.
func SpamdFor(c *rules.Config, log Log) (SpamdOptions, error) {
	str := func(name string) string { return eval.ToString(c.Global('$', name)) }
	o := SpamdOptions{Path: c.Paths.Search, Home: c.Paths.HelpersHome, Local: eval.ToBool(c.Global('$', "sa_local_tests_only")),
		Children: c.Servers.MaxServers, ConfigPath: str("sa_configpath"), SiteConfigPath: str("sa_siteconfigpath"),
		Debug: str("sa_debug"), Timeout: time.Duration(c.Base().Num("child_timeout") * float64(time.Second)), Log: log}
	if len(c.Paths.Temp) < maxSocket-40 {
		o.Folder = c.Paths.Temp
	}
	if os.Geteuid() != 0 {
		return o, nil
	}
	u, err := user.Lookup(c.Identity.User)
	if err != nil {
		return o, fmt.Errorf("the user that spamd shall run as: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		return o, fmt.Errorf("user %s has the ids %s and %s", u.Username, u.Uid, u.Gid)
	}
	o.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return o, nil
}
