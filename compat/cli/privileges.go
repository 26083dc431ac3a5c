package cli

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// Identity is a user with its groups, looked up before privileges are dropped. Only /etc/passwd and /etc/group are
// read: the program is static and knows no other name service.
type Identity struct {
	Name   string
	UID    int
	Groups []int // the first one is the primary group
	Home   string
}

// Lookup finds a user by name or number. groups names its groups; when empty, those of the user database are taken.
func Lookup(name string, groups []string) (*Identity, error) {
	id := &Identity{Name: name}
	u, err := user.Lookup(name)
	if err != nil {
		if u, err = user.LookupId(name); err != nil {
			uid, numErr := strconv.Atoi(name)
			if numErr != nil || len(groups) == 0 {
				return nil, fmt.Errorf("user %q is not in /etc/passwd", name)
			}
			u = &user.User{Uid: strconv.Itoa(uid)}
		}
	}
	id.Home = u.HomeDir
	if id.UID, err = strconv.Atoi(u.Uid); err != nil {
		return nil, fmt.Errorf("user %q: %w", name, err)
	}
	if len(groups) == 0 {
		if groups, err = u.GroupIds(); err != nil {
			return nil, fmt.Errorf("groups of user %q: %w", name, err)
		}
		groups = append([]string{u.Gid}, groups...)
	}
	seen := map[int]bool{}
	for _, g := range groups {
		gid, err := groupID(g)
		if err != nil {
			return nil, err
		}
		if !seen[gid] {
			seen[gid] = true
			id.Groups = append(id.Groups, gid)
		}
	}
	return id, nil
}

func groupID(name string) (int, error) {
	if n, err := strconv.Atoi(strings.TrimSpace(name)); err == nil {
		return n, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("group %q is not in /etc/group", name)
	}
	return strconv.Atoi(g.Gid)
}

// Drop gives up root for good, in all threads, and proves it.
func (id *Identity) Drop() error {
	if len(id.Groups) == 0 {
		return errors.New("no group to drop privileges to")
	}
	if err := syscall.Setgroups(id.Groups); err != nil {
		return fmt.Errorf("setgroups: %w", err)
	}
	if err := syscall.Setgid(id.Groups[0]); err != nil {
		return fmt.Errorf("setgid: %w", err)
	}
	if err := syscall.Setuid(id.UID); err != nil {
		return fmt.Errorf("setuid: %w", err)
	}
	if os.Getuid() == 0 || os.Geteuid() == 0 {
		return errors.New("still running as root after dropping privileges")
	}
	if id.UID != 0 && syscall.Setuid(0) == nil {
		return errors.New("root could be regained after dropping privileges")
	}
	return nil
}
