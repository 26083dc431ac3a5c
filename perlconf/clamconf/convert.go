package clamconf

import (
	"fmt"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// Codes of what Convert did to a line.
const (
	CodeDropped  = "K030" // it has no effect any more, or cannot be read
	CodeNewName  = "K031" // the option has another name now
	CodeNewValue = "K032" // the argument was written in a form that clamd no longer takes
)

// maxKept is how long a line of the result may be, so that clamd reads it in one piece.
const maxKept = 1000

// Convert writes a file of any age so that clamd 1.4 accepts it. Comments and order stay; a line that has no place any
// more becomes a comment. Every change is told: in bag with its place, and above the line. What a dropped line held is
// not shown in bag.
func Convert(file *source.File, bag *diag.Bag) []byte {
	c := &converter{parser: newParser(file, &diag.Bag{}), bag: bag, seen: map[string]bool{}}
	c.scan()
	for n := 1; n <= file.Lines(); n++ {
		text := file.Line(n)
		if n == file.Lines() && text == "" {
			break
		}
		c.convert(text, source.Span{File: file, Start: file.LineStart(n), End: file.LineStart(n) + len(text)})
	}
	return []byte(c.out.String())
}

type converter struct {
	*parser
	bag  *diag.Bag
	out  strings.Builder
	set  map[string]bool // options that the file sets by the name of today
	seen map[string]bool // options written so far
}

// split takes a line apart as clamd does; name is "" for a comment or an empty line.
func split(line string) (name, value string) {
	if nul := strings.IndexByte(line, 0); nul >= 0 {
		line = line[:nul]
	}
	line = strings.Trim(line, " \t\r\n")
	if line == "" || line[0] == '#' {
		return "", ""
	}
	cut := strings.IndexAny(line, " \t")
	if cut < 0 {
		return line, ""
	}
	value = strings.TrimLeft(line[cut:], " \t")
	if value[0] == '"' {
		value = strings.TrimPrefix(value, `"`)
		if end := strings.LastIndexByte(value, '"'); end >= 0 {
			value = value[:end]
		}
	}
	return line[:cut], value
}

// scan notes which options are set by their present names, so that older ones do not overrule them.
func (c *converter) scan() {
	c.set = map[string]bool{}
	for n := 1; n <= c.file.Lines(); n++ {
		if name, _ := split(c.file.Line(n)); name != "" {
			if o := c.options[name]; o != nil && o.Kind != Gone && o.Kind != Ignored && o.ReplacedBy == "" {
				c.set[name] = true
			}
		}
	}
}

func (c *converter) tell(code string, at source.Span, format string, args ...any) string {
	d := diag.Diagnostic{Code: code, Severity: diag.Warning, Span: at, Message: fmt.Sprintf(format, args...)}
	if code != CodeDropped {
		d.Severity = diag.Info
	}
	c.bag.Add(d)
	return d.Message
}

// keep writes a line that is a comment.
func (c *converter) comment(text string) {
	for len(text) > maxKept {
		c.out.WriteString(text[:maxKept] + "\n")
		text = "# " + text[maxKept:]
	}
	c.out.WriteString(text + "\n")
}

func (c *converter) drop(line string, at source.Span, format string, args ...any) {
	c.comment("# mavis: " + c.tell(CodeDropped, at, format, args...))
	c.comment("#" + clean(line))
}

// clean takes out the bytes that end a line for clamd or for people.
func clean(line string) string {
	return strings.TrimRight(strings.Map(func(r rune) rune {
		if r == 0 || r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, line), " \t")
}

func (c *converter) convert(line string, at source.Span) {
	name, value := split(line)
	switch {
	case name == "":
		c.comment(strings.TrimRight(strings.ReplaceAll(line, "\x00", " "), "\r"))
		return
	case strings.HasPrefix(name, "Example"):
		c.drop(line, at, "the line Example keeps clamd from starting")
		return
	}
	o := c.options[name]
	if o == nil {
		if o = c.fold(name); o == nil {
			if program := c.elsewhere[name]; program != "" {
				c.drop(line, at, "%s belongs into %s", quote(name), program)
			} else {
				c.drop(line, at, "clamd knows no option %s", quote(name))
			}
			return
		}
	}
	target := o
	if next := c.options[o.ReplacedBy]; o.ReplacedBy != "" && next != nil {
		target = next
	}
	switch {
	case target.Kind == Gone || target.Kind == Ignored:
		c.drop(line, at, "clamd no longer has the option %s", name)
		return
	case target != o && c.set[target.Name]:
		c.drop(line, at, "%s is called %s now, which this file sets as well", name, target.Name)
		return
	case c.seen[target.Name] && target.Kind != List && target.Kind != NumberList:
		c.drop(line, at, "%s is set above; clamd takes the first", target.Name)
		return
	}
	text, changed, ok := c.fit(target, value)
	if !ok {
		c.drop(line, at, "the argument of %s is not what %s takes (%s)", name, target.Name, target.Kind)
		return
	}
	if len(target.Name)+len(text) > maxKept {
		c.drop(line, at, "the argument of %s is too long for clamd", name)
		return
	}
	c.seen[target.Name] = true
	told := ""
	if target.Name != name {
		told = c.tell(CodeNewName, at, "%s is called %s now", quote(name), target.Name)
		c.out.WriteString("# mavis: " + told + "\n")
	}
	if changed {
		told = c.tell(CodeNewValue, at, "the argument of %s is written in today's form", target.Name)
		c.out.WriteString("# mavis: " + told + "\n")
	}
	if told == "" {
		c.out.WriteString(strings.TrimRight(clean(line), " \t") + "\n")
		return
	}
	c.out.WriteString(target.Name + " " + text + "\n")
}

// fold finds an option whose name differs in upper and lower case only, or that has a = after it.
func (c *converter) fold(name string) *Option {
	for i := range known {
		if strings.EqualFold(known[i].Name, strings.TrimRight(name, "=:")) {
			return &known[i]
		}
	}
	return nil
}

// fit gives an argument that clamd takes for the option, and whether it differs from what stood there.
func (c *converter) fit(o *Option, value string) (text string, changed, ok bool) {
	raw := value
	if clean(value) != value {
		value = clean(value)
	}
	if c.accepts(o, value) {
		return value, value != raw, true
	}
	if o.Kind == Bool && value == "" {
		return "yes", true, true
	}
	if i := strings.Index(value, "#"); i > 0 && o.Kind != String && o.Kind != List {
		value = strings.TrimRight(value[:i], " \t")
	}
	switch o.Kind {
	case Bool:
		switch strings.ToLower(value) {
		case "on", "enable", "enabled", "y":
			value = "yes"
		case "off", "disable", "disabled", "n", "none":
			value = "no"
		}
	case Size:
		value = strings.ReplaceAll(value, " ", "")
		if n := len(value); n > 1 && value[n-1]|0x20 == 'b' {
			value = value[:n-1]
		}
	}
	return value, true, c.accepts(o, value)
}

// accepts asks the parser's own judgement.
func (c *converter) accepts(o *Option, value string) bool {
	return value != "" && c.valid(o, value, source.Span{File: c.file})
}
