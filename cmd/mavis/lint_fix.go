package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules/lint"
)

// overlay is a machine on which some files have other texts.
type overlay struct {
	eval.Host
	text map[string][]byte
}

// ReadFile gives the other text where there is one.
func (o *overlay) ReadFile(name string) ([]byte, error) {
	if text, ok := o.text[name]; ok {
		return text, nil
	}
	return o.Host.ReadFile(name)
}

// mended is what fixes made of the files.
type mended struct {
	before, after map[string]*source.File // by name
	masks         [2]*lint.Mask           // of before and after
	fixes         int
	kept          []string // files that were not touched because a package owns them
}

// maxRounds bounds how often fixes may lead to further ones.
const maxRounds = 20

// packaged is where a package manager keeps files: changes there are lost with the next release.
const packaged = "/usr/share/"

// mend makes fixes on the overlay until there are no more.
func (c *lintCommand) mend(host *overlay, found *findings, selection lint.Selection) (*mended, error) {
	m := &mended{before: map[string]*source.File{}, after: map[string]*source.File{}}
	m.masks[0] = lint.NewMask(found.input)
	kept := map[string]bool{}
	for range maxRounds {
		fixed := lint.Apply(selection.Filter(found.all), c.Unsafe)
		changed := false
		for f, text := range fixed.Text {
			if strings.HasPrefix(f.Name, packaged) {
				kept[f.Name] = true
				continue
			}
			if !ours(found.input, f) || bytes.Equal(f.Text, text) {
				continue
			}
			if m.before[f.Name] == nil {
				m.before[f.Name] = f
			}
			host.text[f.Name] = text
			changed = true
		}
		if !changed {
			break
		}
		m.fixes += fixed.Applied
		var err error
		if found, err = c.look(host); err != nil {
			return nil, err
		}
	}
	m.masks[1] = lint.NewMask(found.input)
	for name, f := range m.before {
		m.after[name] = f
		for _, g := range filesOf(found.input) {
			if g.Name == name {
				m.after[name] = g
			}
		}
	}
	for name := range kept {
		m.kept = append(m.kept, name)
	}
	sort.Strings(m.kept)
	return m, nil
}

func (m *mended) names() []string {
	var out []string
	for name := range m.before {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// filesOf are the files that fixes may change.
func filesOf(in lint.Input) []*source.File {
	var out []*source.File
	if in.Loaded != nil {
		out = append(out, in.Loaded.Interp.Files()...)
	}
	for _, c := range in.Clamd {
		out = append(out, c.File)
	}
	for _, f := range []*source.File{in.MasterCF, in.MainCF} {
		if f != nil {
			out = append(out, f)
		}
	}
	return out
}

func ours(in lint.Input, f *source.File) bool {
	for _, g := range filesOf(in) {
		if g == f {
			return true
		}
	}
	return false
}

func (m *mended) tell(s streams) {
	for _, name := range m.kept {
		fmt.Fprintf(s.err, "mavis: %s belongs to a package and stays as it is; set the values anew in a file of your own\n", name)
	}
}

// showDiff writes what the fixes change, with secrets hidden. The status is 1 when there is something.
func showDiff(s streams, _ *overlay, _ *findings, m *mended) error {
	m.tell(s)
	for _, name := range m.names() {
		old, new := m.masks[0].File(m.before[name]), m.masks[1].File(m.after[name])
		if _, err := s.out.Write(unified(name, old.Text, new.Text)); err != nil {
			return err
		}
	}
	if len(m.before) > 0 {
		return exitStatus(1)
	}
	return nil
}

// writeFixes puts the new texts in the place of the old ones.
func writeFixes(s streams, host *overlay, m *mended) error {
	m.tell(s)
	for _, name := range m.names() {
		if err := replaceFile(name, host.text[name], m.before[name].Text, 0o644); err != nil {
			return err
		}
	}
	if n := len(m.before); n > 0 {
		fmt.Fprintf(s.err, "mavis: fixed %d findings in %d files\n", m.fixes, n)
	}
	return nil
}

// replaceFile puts a text in a file's place in one step, with the mode and owner of the old one; a link stays a link. When
// old is given the file must still hold it. A new file gets the mode given.
func replaceFile(name string, text, old []byte, mode fs.FileMode) (err error) {
	real, err := filepath.EvalSymlinks(name)
	if errors.Is(err, fs.ErrNotExist) && old == nil {
		real = name
	} else if err != nil {
		return err
	}
	var owner *syscall.Stat_t
	if info, err := os.Stat(real); err == nil {
		mode = info.Mode().Perm()
		owner, _ = info.Sys().(*syscall.Stat_t)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if old != nil {
		if now, err := os.ReadFile(real); err != nil || !bytes.Equal(now, old) {
			return fmt.Errorf("%s was changed in the meantime; nothing was written to it", name)
		}
	}
	tmp, err := os.CreateTemp(filepath.Dir(real), "."+filepath.Base(real)+".")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	if owner != nil && (int(owner.Uid) != os.Geteuid() || int(owner.Gid) != os.Getegid()) {
		if err := tmp.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("%s would change its owner: %w", name, err)
		}
	}
	if err := tmp.Chmod(mode); err != nil {
		return err
	}
	if _, err := tmp.Write(text); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), real)
}
