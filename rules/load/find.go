package load

import (
	"sort"

	"mavis/perlconf/eval"
)

// Find gives the files that amavisd reads when none is named by -c: those of Debian's folders, first
// /usr/share/amavis/conf.d and then /etc/amavis/conf.d, each in name order; where there are none, the first that exists of
// /etc/amavisd.conf, /etc/amavisd/amavisd.conf, /etc/amavis/amavisd.conf and /usr/local/etc/amavisd.conf.
func Find(host eval.Host) []string {
	var out []string
	for _, dir := range []string{"/usr/share/amavis/conf.d", "/etc/amavis/conf.d"} {
		out = append(out, Parts(host, dir)...)
	}
	if out != nil {
		return out
	}
	for _, name := range []string{"/etc/amavisd.conf", "/etc/amavisd/amavisd.conf", "/etc/amavis/amavisd.conf",
		"/usr/local/etc/amavisd.conf"} {
		if info, err := host.Stat(name); err == nil && info.Mode().IsRegular() {
			return []string{name}
		}
	}
	return nil
}

// Parts gives the files of a folder that run-parts(8) would list: regular files whose names hold only letters, digits,
// hyphens and underscores, in the order of their bytes.
func Parts(host eval.Host, dir string) []string {
	names, err := host.ReadDir(dir)
	if err != nil {
		return nil
	}
	sort.Strings(names)
	var out []string
	for _, n := range names {
		if !partName(n) {
			continue
		}
		if info, err := host.Stat(dir + "/" + n); err == nil && info.Mode().IsRegular() {
			out = append(out, dir+"/"+n)
		}
	}
	return out
}

func partName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return s != ""
}
