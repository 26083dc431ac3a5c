package unpack

import (
	"fmt"
	"io"
	"os"
	"strings"

	"mavis/engine/mail"
	"mavis/engine/mime"
)

// kind of an archive member.
type kind int

const (
	file kind = iota
	folder
	link
	special
)

// member is one entry of an archive.
type member struct {
	name string // octets as in the archive
	kind kind
	size int64 // as declared
	// copy writes the content; what it cannot read it leaves out and says so.
	copy func(w io.Writer) error
}

// node is a member in its folder.
type node struct {
	name string
	m    *member
	sub  []*node
	dirs map[string]*node
}

const maxNesting = 64

// place puts members into folders by the slashes of their names. "." and ".." and empty steps are dropped; steps beyond
// maxNesting stay part of the last name.
func place(members []*member) *node {
	root := &node{}
	for _, m := range members {
		at := root
		steps := strings.FieldsFunc(m.name, func(r rune) bool { return r == '/' })
		clean := steps[:0]
		for _, s := range steps {
			if s != "." && s != ".." {
				clean = append(clean, s)
			}
		}
		if len(clean) == 0 {
			if m.kind == folder {
				continue
			}
			clean = []string{"_"}
		}
		if len(clean) > maxNesting {
			clean = append(clean[:maxNesting-1], strings.Join(clean[maxNesting-1:], "/"))
		}
		for i, s := range clean {
			if i < len(clean)-1 || m.kind == folder {
				at = at.folder(s)
				continue
			}
			at.sub = append(at.sub, &node{name: s, m: m})
		}
	}
	return root
}

func (n *node) folder(s string) *node {
	if d := n.dirs[s]; d != nil {
		return d
	}
	d := &node{name: s, m: &member{name: s, kind: folder}}
	if n.dirs == nil {
		n.dirs = map[string]*node{}
	}
	n.dirs[s] = d
	n.sub = append(n.sub, d)
	return d
}

// emit makes parts of members: all of one folder, then what is in its folders, the way amavisd flattens what a program has
// extracted. The first error of a member's data comes back when all is done; quota and machine trouble at once.
func (t *task) emit(parent *mail.Part, root *node, by string) error {
	item := 0
	var first error
	var walk func(n *node) error
	walk = func(n *node) error {
		parts := make([]*mail.Part, len(n.sub))
		for i, c := range n.sub {
			p, err := t.add(parent, true, false)
			if err != nil {
				return err
			}
			item++
			p.Placement = fmt.Sprintf("%s/%d", parent.Placement, item)
			p.NameDeclared = []string{mime.Latin1(c.name)}
			parts[i] = p
		}
		for i, c := range n.sub {
			if err := t.emitOne(parts[i], c.m, by, &first); err != nil {
				return err
			}
		}
		for _, c := range n.sub {
			if c.m.kind == folder {
				if err := walk(c); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := walk(root); err != nil {
		return err
	}
	return first
}

func (t *task) emitOne(p *mail.Part, m *member, by string, first *error) error {
	switch m.kind {
	case folder:
		p.Attribute("D")
		return nil
	case link:
		p.Attribute("L")
		return nil
	case special:
		p.Attribute("S")
		return nil
	}
	if m.copy == nil || m.size == 0 {
		return nil // an empty file leaves a name only
	}
	err := t.fill(p, by, m.copy)
	if err == nil || fatal(t, err) {
		return err
	}
	if *first == nil {
		*first = err
	}
	return nil
}

// undo takes back what was written for a part.
func (t *task) undo(p *mail.Part) error {
	if err := os.Remove(p.Path); err != nil {
		return &HostError{err}
	}
	t.quota.used -= p.Size
	p.Path, p.Size = "", 0
	return nil
}

// fill writes a part's file.
func (t *task) fill(p *mail.Part, by string, copy func(io.Writer) error) error {
	w, err := t.create(p, by)
	if err != nil {
		return err
	}
	err = copy(w)
	if cerr := w.Close(); cerr != nil {
		return cerr
	}
	return err
}
