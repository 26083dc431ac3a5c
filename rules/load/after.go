package load

import (
	"regexp"
	"strings"

	"mavis/perlconf/eval"
	"mavis/rules/lookup"
)

var fieldName = regexp.MustCompile(`^[!-9;-~]+\z`)

// afterDefaults supplies the defaults that depend on what the files have set, in the original's order.
func (l *loader) afterDefaults() error {
	get := func(name string) eval.Value { return l.in.Scalar(Package, name).Get() }
	str := func(name string) string { return eval.ToString(get(name)) }
	var failed error
	set := func(name string, v eval.Value) {
		if err := l.in.Scalar(Package, name).Set(v); err != nil && failed == nil {
			failed = err
		}
	}
	unless := func(name string, v eval.Value) {
		if get(name) == nil {
			set(name, v)
		}
	}
	if str("daemon_chroot_dir") == "/" || get("daemon_chroot_dir") == nil {
		set("daemon_chroot_dir", "")
	}
	groups := l.in.Array(Package, "daemon_groups")
	if g := get("daemon_group"); g != nil {
		groups.Elems = append([]*eval.Scalar{eval.NewScalar(g)}, groups.Elems...)
	}
	if groups.Len() == 0 {
		for _, gid := range userGroups(l.host, get("daemon_user")) {
			groups.Push(gid)
		}
	}
	home := str("MYHOME")
	unless("TEMPBASE", get("MYHOME"))
	unless("helpers_home", get("MYHOME"))
	unless("db_home", home+"/db")
	if zmq := l.in.Array(Package, "zmq_sockets"); zmq.Len() == 0 {
		zmq.Push("ipc://" + home + "/amavisd-zmq.sock")
	}
	if eval.ToBool(get("daemonize")) {
		unless("pid_file", home+"/amavisd.pid")
	}
	unless("X_HEADER_LINE", str("myproduct_name")+" at "+lookup.ToASCII(str("mydomain")))
	unless("X_HEADER_TAG", "X-Virus-Scanned")
	if tag := str("X_HEADER_TAG"); fieldName.MatchString(tag) {
		allowed, err := l.bankMember("cr", "allowed_added_header_fields")
		if err != nil {
			return err
		}
		if h, ok := allowed.(*eval.Hash); ok && h.Lookup(asciiLower(tag)) == nil {
			h.Put(asciiLower(tag), int64(1))
		}
	}
	for _, p := range [...][2]string{{"gunzip", "gzip"}, {"bunzip2", "bzip2"}, {"unlzop", "lzop"}} {
		if str(p[1]) != "" {
			unless(p[0], str(p[1])+" -d")
		}
	}
	l.senders(str, get, unless)
	for _, d := range [...][2]string{{"final_banned_destiny", "warnbannedsender"}, {"final_bad_header_destiny", "warnbadhsender"}} {
		warn, err := l.bankMember("c", d[1])
		if err != nil {
			return err
		}
		if eval.ToFloat(get(d[0])) == 0 && eval.ToBool(warn) { // D_DISCARD becomes D_BOUNCE
			set(d[0], int64(-2))
		}
	}
	if rules := l.in.Hash(Package, "banned_rules"); rules.Len() == 0 {
		rules.Put("DEFAULT", get("banned_filename_re"))
	}
	return failed
}

// senders fills in From and envelope sender of notices. The name of the host is put in later, for each message.
func (l *loader) senders(str func(string) string, get func(string) eval.Value, unless func(string, eval.Value)) {
	const name = `"Content-filter at ${myhostname_utf8}"`
	unless("hdrfrom_notify_sender", name+" <postmaster@${myhostname_ascii}>")
	for _, who := range []string{"recip", "admin", "spamadmin"} {
		if from := str("mailfrom_notify_" + who); from == "" {
			unless("hdrfrom_notify_"+who, get("hdrfrom_notify_sender"))
		} else {
			unless("hdrfrom_notify_"+who, name+" <"+addrToASCII(from)+">")
		}
	}
	unless("hdrfrom_notify_release", get("hdrfrom_notify_sender"))
	unless("hdrfrom_notify_report", get("hdrfrom_notify_sender"))
}

// userGroups gives the numbers of a user's groups, the main one first, from /etc/passwd and /etc/group; none for a user
// who does not stand there.
func userGroups(host eval.Host, user eval.Value) []eval.Value {
	if user == nil {
		return nil
	}
	passwd, err := host.ReadFile("/etc/passwd")
	if err != nil {
		return nil
	}
	var out []eval.Value
	for line := range lines(string(passwd)) {
		if f := strings.Split(line, ":"); len(f) >= 4 && f[0] == eval.ToString(user) {
			out = append(out, eval.ToNumber(f[3]))
			break
		}
	}
	if out == nil {
		return nil
	}
	group, err := host.ReadFile("/etc/group")
	if err != nil {
		return out
	}
	for line := range lines(string(group)) {
		f := strings.Split(line, ":")
		if len(f) < 4 {
			continue
		}
		for _, member := range strings.Split(f[3], ",") {
			if member == eval.ToString(user) {
				out = append(out, eval.ToNumber(f[2]))
			}
		}
	}
	return out
}
