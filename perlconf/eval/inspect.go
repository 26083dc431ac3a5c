package eval

import "sort"

// Packages gives the packages that hold any name, sorted.
func (in *Interp) Packages() []string {
	seen := map[string]bool{}
	var out []string
	for _, g := range in.globs {
		if !seen[g.Package] {
			seen[g.Package] = true
			out = append(out, g.Package)
		}
	}
	sort.Strings(out)
	return out
}

// Subs gives the subs that are known by name in a package, those imported from others included. A forward declaration
// is not among them.
func (in *Interp) Subs(pkg string) map[string]*Code {
	out := map[string]*Code{}
	for _, g := range in.globs {
		if g.Package == pkg && g.cv != nil && (g.cv.Native != nil || g.cv.fn != nil) {
			out[g.Name] = g.cv
		}
	}
	return out
}

// Captures says that the sub uses my variables of the file around it, so that its text alone does not tell what it does.
func (c *Code) Captures() bool { return len(c.caps) > 0 }

// Constant gives the values of a sub made by use constant.
func (c *Code) Constant() ([]Value, bool) { return c.value, c.Const }

// Declared says that a name with its sigil exists in a package: it was declared, or a file has used it.
func (in *Interp) Declared(pkg, name string) bool {
	g := in.findGlob(pkg, name[1:])
	if g == nil {
		return false
	}
	switch name[0] {
	case '$':
		return g.sv != nil
	case '@':
		return g.av != nil
	}
	return g.hv != nil
}
