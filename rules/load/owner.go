package load

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
)

// Identity is a user as the system counts it.
type Identity struct {
	UID  int
	GIDs []int // main group and all others
}

// mayUse says what is wrong with a configuration file, "" when nothing is.
func (l *loader) mayUse(name string, info fs.FileInfo, err error) (msg, help string) {
	if err != nil {
		if c := cause(err); c == fs.ErrNotExist || c == syscall.ENOENT {
			return "does not exist", ""
		}
		return fmt.Sprintf("cannot be looked at: %v", cause(err)), ""
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return "is a folder", "name the files in it"
	case mode&(fs.ModeSocket|fs.ModeDevice|fs.ModeCharDevice) != 0:
		return "is neither a file nor a pipe", ""
	}
	if l.opt.Daemon == nil || l.opt.TrustWritable {
		return "", ""
	}
	const why = "whoever may write it rules the daemon; -X no_conf_file_writable_check lifts this check"
	if msg := l.opt.Daemon.couldChange(info); msg != "" {
		return msg, why
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
		return fmt.Sprintf("belongs to UID %d, but should belong to root", st.Uid), why
	}
	return "", ""
}

// couldChange says how a user who is not root could change a file; "" when not.
func (id *Identity) couldChange(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || id.UID == 0 {
		return ""
	}
	perm := info.Mode().Perm()
	if int(st.Uid) == id.UID {
		return fmt.Sprintf("belongs to the daemon's own user, UID %d", id.UID)
	}
	for _, g := range id.GIDs {
		if int(st.Gid) == g {
			if perm&0o020 != 0 {
				return fmt.Sprintf("may be written by the daemon's group, GID %d", g)
			}
			return ""
		}
	}
	if perm&0o002 != 0 {
		return "may be written by everybody"
	}
	return ""
}

// CheckFiles reports every file that a user could change, itself or by replacing it in its folder. The daemon asks this
// again once it knows whom it will run as, and does not start when something is reported.
func CheckFiles(host eval.Host, files []string, id Identity, bag *diag.Bag) {
	for _, name := range files {
		if info, err := host.Stat(name); err == nil {
			if msg := id.couldChange(info); msg != "" {
				bag.Errorf(CodeRefused, source.Span{}, "configuration file %s %s", name, msg)
				continue
			}
		}
		dir := filepath.Dir(name)
		info, err := host.Stat(dir)
		if err != nil {
			continue
		}
		if msg := id.couldChange(info); msg != "" {
			bag.Errorf(CodeRefused, source.Span{}, "the folder of configuration file %s %s", name, msg)
		}
	}
}
