package eval

import (
	"path"
	"sort"
	"strings"

	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// fileGlob is glob(PATTERN) and <PATTERN>, which give the names of files. In scalar context each evaluation gives the
// next name, then undef once.
type fileGlob struct {
	at
	x      node
	rest   []Value
	inside bool
}

func (n *fileGlob) list(f *frame, out []Value) []Value {
	return append(out, f.in.globFiles(ToString(n.x.scalar(f)), n.sp)...)
}

func (n *fileGlob) scalar(f *frame) Value {
	if !n.inside {
		n.rest, n.inside = f.in.globFiles(ToString(n.x.scalar(f)), n.sp), true
	}
	if len(n.rest) == 0 {
		n.inside = false
		return nil
	}
	v := n.rest[0]
	n.rest = n.rest[1:]
	return v
}

func compileGlob(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	if !c.count(x, args, 0, 1) {
		return lit(x.Span(), nil)
	}
	if len(args) == 0 {
		return &fileGlob{at: at{x.Span()}, x: &globScalar{at{x.Span()}, c.in.global.underscore}}
	}
	return &fileGlob{at: at{x.Span()}, x: c.expr(args[0])}
}

// maxGlob bounds how many patterns braces may make, and how many names a pattern may give.
const maxGlob = 10_000

// globFiles expands as csh does (File::Glob): patterns apart by blanks, quotes around blanks, braces, ~, and * ? [...]
// for files that are there. A pattern without these last gives itself.
func (in *Interp) globFiles(text string, span source.Span) []Value {
	var out []Value
	for _, word := range globWords(text) {
		patterns, ok := braces(word, nil)
		if !ok {
			in.fail(CodeBytes, span, "the braces of %s make too many names", word)
		}
		for _, p := range patterns {
			in.step(1)
			p = in.tilde(p)
			if !strings.ContainsAny(p, "*?[") {
				out = append(out, unescape(p))
				continue
			}
			found := in.match1(p, span)
			sort.Slice(found, func(i, j int) bool {
				a, b := lower(found[i]), lower(found[j])
				if a != b {
					return a < b
				}
				return found[i] < found[j]
			})
			for _, name := range found {
				out = append(out, name)
			}
			if len(out) > maxGlob {
				in.fail(CodeBytes, span, "%s means too many files", word)
			}
		}
	}
	return out
}

// globWords splits at blanks outside of quotes.
func globWords(s string) []string {
	var out []string
	var b strings.Builder
	have := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\'' || c == '"' {
			if end := strings.IndexByte(s[i+1:], c); end >= 0 {
				b.WriteString(s[i+1 : i+1+end])
				have = true
				i += end + 1
				continue
			}
		}
		switch {
		case isSpace(c):
			if have {
				out = append(out, b.String())
				b.Reset()
				have = false
			}
			continue
		case c == '\\' && i+1 < len(s):
			b.WriteByte(c)
			i++
			c = s[i]
		}
		b.WriteByte(c)
		have = true
	}
	if have {
		out = append(out, b.String())
	}
	return out
}

// braces expands {a,b} from the left; {} stays. False means that it makes too many.
func braces(s string, out []string) ([]string, bool) {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '{' && strings.HasPrefix(s[i:], "{}"):
			i++
		case s[i] == '{':
			alternatives, end := braceParts(s, i)
			if end < 0 {
				return append(out, s), len(out) < maxGlob
			}
			ok := true
			for _, a := range alternatives {
				if out, ok = braces(s[:i]+a+s[end:], out); !ok {
					return out, false
				}
			}
			return out, true
		}
	}
	return append(out, s), len(out) < maxGlob
}

// braceParts gives the alternatives of the brace at i and the offset after its end, -1 when it has none.
func braceParts(s string, i int) (parts []string, end int) {
	depth, from := 0, i+1
	for j := i; j < len(s); j++ {
		switch s[j] {
		case '\\':
			j++
		case '{':
			depth++
		case ',':
			if depth == 1 {
				parts = append(parts, s[from:j])
				from = j + 1
			}
		case '}':
			if depth--; depth == 0 {
				return append(parts, s[from:j]), j + 1
			}
		}
	}
	return nil, -1
}

// tilde puts the home folder for ~ and ~/; other users' folders are not looked up.
func (in *Interp) tilde(p string) string {
	if p == "~" || strings.HasPrefix(p, "~/") {
		if home := ToString(in.Hash("main", "ENV").Get("HOME")); home != "" {
			return home + p[1:]
		}
	}
	return p
}

func unescape(s string) string {
	if !strings.Contains(s, "\\") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// negated turns csh's [!a] into what path.Match takes; [^a] has no such meaning there.
var negated = strings.NewReplacer("[!", "[^", "[^", `[\^`)

// match1 walks down the folders of one pattern.
func (in *Interp) match1(pattern string, span source.Span) []string {
	dirs := []string{""}
	if strings.HasPrefix(pattern, "/") {
		dirs[0] = "/"
	}
	parts := strings.Split(strings.Trim(pattern, "/"), "/")
	for i, part := range parts {
		var next []string
		for _, dir := range dirs {
			in.step(1)
			if !strings.ContainsAny(part, "*?[") {
				name := dir + unescape(part)
				if _, err := in.host.Lstat(name); err == nil {
					next = append(next, name)
				}
				continue
			}
			folder := dir
			if folder == "" {
				folder = "."
			}
			names, err := in.host.ReadDir(folder)
			if err != nil {
				continue
			}
			if strings.HasPrefix(part, ".") {
				names = append(names, ".", "..")
			}
			in.step(len(names))
			for _, name := range names {
				if strings.HasPrefix(name, ".") && !strings.HasPrefix(part, ".") {
					continue
				}
				if ok, err := path.Match(negated.Replace(part), name); ok && err == nil {
					next = append(next, dir+name)
				}
			}
		}
		if len(next) > maxGlob {
			in.fail(CodeBytes, span, "%s means too many files", pattern)
		}
		if i < len(parts)-1 {
			dirs = dirs[:0]
			for _, name := range next {
				if info, err := in.host.Stat(name); err == nil && info.IsDir() {
					dirs = append(dirs, name+"/")
				}
			}
			continue
		}
		dirs = next
	}
	if strings.HasSuffix(pattern, "/") {
		kept := dirs[:0]
		for _, name := range dirs {
			if info, err := in.host.Stat(name); err == nil && info.IsDir() {
				kept = append(kept, name+"/")
			}
		}
		return kept
	}
	return dirs
}
