package spool

import (
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

var folderPattern = regexp.MustCompile(`^amavis-[0-9]{8}T[0-9]{6}-([0-9]{5,10})-[A-Za-z0-9]{8}$`)

// folderName is the original's pattern, amavis-YYYYMMDDTHHMMSS-PID-XXXXXXXX in local time. The last three of the eight
// letters are computed from the rest: by them we know our folders from evidence that the original preserved.
func folderName(now time.Time, pid int, random string) string {
	stem := fmt.Sprintf("amavis-%s-%05d-%s", now.Format("20060102T150405"), pid, random)
	return stem + checkLetters(stem)
}

func checkLetters(stem string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte("mavis " + stem)) // a hash never fails
	n := h.Sum64()
	b := make([]byte, 3)
	for i := range b {
		b[i] = letters[n%uint64(len(letters))]
		n /= uint64(len(letters))
	}
	return string(b)
}

// ownFolder says whether a name is one that folderName made, and for which process.
func ownFolder(name string) (pid int, ok bool) {
	m := folderPattern.FindStringSubmatch(name)
	if m == nil || checkLetters(name[:len(name)-3]) != name[len(name)-3:] {
		return 0, false
	}
	pid, err := strconv.Atoi(m[1])
	return pid, err == nil
}

func randomLetters(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}

func (s *Spool) makeFolder() (string, error) {
	for try := 0; ; try++ {
		dir := filepath.Join(s.opt.TempBase, folderName(s.opt.Now(), os.Getpid(), randomLetters(5)))
		err := os.Mkdir(dir, 0o750)
		if os.IsExist(err) && try < 20 {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("task folder: %w", err)
		}
		// The umask must not take the group's rights away: scanners run as another user of that group.
		if err = os.Chmod(dir, 0o750); err == nil {
			if err = os.Mkdir(filepath.Join(dir, "parts"), 0o750); err == nil {
				err = os.Chmod(filepath.Join(dir, "parts"), 0o750)
			}
		}
		if err != nil {
			_ = removeAll(dir) // the first error counts
			return "", fmt.Errorf("task folder: %w", err)
		}
		return dir, nil
	}
}

// sweep removes what a crashed process of ours left.
func (s *Spool) sweep() {
	entries, err := os.ReadDir(s.opt.TempBase)
	if err != nil {
		s.opt.Logf("leftovers: %v", err)
		return
	}
	for _, e := range entries {
		pid, ok := ownFolder(e.Name())
		if !ok || !e.IsDir() || running(pid) {
			continue
		}
		dir := filepath.Join(s.opt.TempBase, e.Name())
		st, err := os.Lstat(dir)
		if err != nil || !st.IsDir() {
			continue
		}
		if owner, ok := st.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Geteuid() {
			continue
		}
		if err := removeAll(dir); err != nil {
			s.opt.Logf("leftover %s: %v", dir, err)
		}
	}
}

// running says whether another process has this number. Our own number counts as gone: a container gives it out again.
func running(pid int) bool {
	if pid == os.Getpid() {
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || err == syscall.EPERM
}

// removeAll is os.RemoveAll for trees in which a decoder made folders without rights for us.
func removeAll(dir string) error {
	if err := os.RemoveAll(dir); err == nil {
		return nil
	}
	openUp(dir)
	return os.RemoveAll(dir)
}

func openUp(dir string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			if os.Chmod(path, 0o700) == nil && err != nil {
				openUpOnce(path)
			}
		}
		return nil // what stays closed shows in the RemoveAll that follows
	})
}

// openUpOnce looks once more into a folder that could not be read before its mode was changed.
func openUpOnce(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() {
			openUp(filepath.Join(dir, e.Name()))
		}
	}
}

// emptyFolder leaves nothing in a task folder but an empty parts/.
func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.Name() == "parts" && e.IsDir() {
			if err := emptyParts(path); err != nil {
				return err
			}
			continue
		}
		if err := removeAll(path); err != nil {
			return err
		}
	}
	return nil
}

func emptyParts(dir string) error {
	if err := os.Chmod(dir, 0o750); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := removeAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
