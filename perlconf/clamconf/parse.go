package clamconf

import (
	"bytes"
	"cmp"
	"math"
	"strconv"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// maxLine is how much of a line clamd 1.4 reads at once; what follows counts as a line of its own.
const maxLine = 1023

// maxSettings bounds the settings kept of one file.
const maxSettings = 100_000

// maxSuggestions bounds the search for names that look alike.
const maxSuggestions = 200

// Codes of the diagnostics of this package.
const (
	CodeUnknown    = "K001" // no such option
	CodeNoArgument = "K002" // an option without its argument
	CodeExample    = "K003" // the line Example is still there
	CodeFormat     = "K004" // the argument is not of the option's kind
	CodeQuote      = "K005" // a quote is not closed
	CodeEmpty      = "K006" // ""
	CodeRepeated   = "K007" // clamd takes the first
	CodeRenamed    = "K008" // deprecated, with effect
	CodeIgnored    = "K009" // deprecated, without effect
	CodeTooLong    = "K010" // a line clamd cuts in two
	CodeRange      = "K011" // a number clamd cannot hold, or an octal one
	CodeBytes      = "K012" // carriage return or NUL
)

// Parse reads clamd.conf as clamd 1.4 does. What makes clamd refuse the file is an error in bag; the rest of the file
// is read all the same, so that one run finds everything.
func Parse(file *source.File, bag *diag.Bag) *Config {
	p := newParser(file, bag)
	text := file.Text
	for at := 0; at < len(text); {
		end := bytes.IndexByte(text[at:], '\n') + 1
		if end == 0 {
			end = len(text) - at
		}
		for start := at; start < at+end; start += maxLine {
			p.line(start, min(start+maxLine, at+end), start > at)
		}
		at += end
	}
	return p.config
}

func newParser(file *source.File, bag *diag.Bag) *parser {
	p := &parser{file: file, bag: bag, config: &Config{first: map[string]int{}}, options: map[string]*Option{}, elsewhere: map[string]string{}}
	for i := range known {
		p.options[known[i].Name] = &known[i]
	}
	for i := range gone {
		p.options[gone[i].Name] = &gone[i]
	}
	for program, names := range elsewhere {
		for _, name := range names {
			p.elsewhere[name] = program
		}
	}
	return p
}

type parser struct {
	file      *source.File
	bag       *diag.Bag
	config    *Config
	options   map[string]*Option
	elsewhere map[string]string
	suggested int
}

func (p *parser) span(start, end int) source.Span {
	return source.Span{File: p.file, Start: start, End: end}
}

func (p *parser) report(code string, severity diag.Severity, span source.Span, message, help string) {
	p.bag.Add(diag.Diagnostic{Code: code, Severity: severity, Span: span, Message: message, Help: help})
}

// line reads one line, its newline included, or the rest of one that is too long.
func (p *parser) line(start, end int, rest bool) {
	text := string(p.file.Text[start:end])
	if nul := strings.IndexByte(text, 0); nul >= 0 {
		p.report(CodeBytes, diag.Warning, p.span(start+nul, start+nul+1), "clamd stops reading this line at a NUL byte", "remove the byte")
		text = text[:nul]
	}
	trimmed := strings.TrimLeft(text, " \t")
	start += len(text) - len(trimmed)
	if len(trimmed) <= 2 || trimmed[0] == '#' {
		return
	}
	text = strings.TrimRight(trimmed, " \t\n")
	whole := p.span(start, start+len(text))
	if rest {
		p.report(CodeTooLong, diag.Warning, whole, "clamd reads lines of 1023 bytes and takes this rest of a line for a line of its own", "shorten the line")
	}
	if strings.HasPrefix(text, "Example") {
		p.report(CodeExample, diag.Error, whole, "clamd does not start while the line Example is in its file", "remove the line, or put # before it")
		return
	}
	cut := strings.IndexAny(text, " \t")
	if cut < 0 {
		p.bare(text, whole)
		return
	}
	value := strings.TrimLeft(text[cut:], " \t")
	p.argument(text[:cut], value, p.span(start, start+cut), p.span(start+len(text)-len(value), start+len(text)))
}

// bare is an option without an argument, as clamd before 0.90 had them.
func (p *parser) bare(text string, span source.Span) {
	name := strings.TrimRight(text, "\r")
	o := p.options[name]
	message, help := "the option "+quote(name)+" has no argument", "write the option, a blank, and its value"
	switch {
	case o != nil && (o.Kind == Bool || o.Kind == Ignored || o.Kind == Gone):
		message += "; since 0.90 clamd wants one even for switches"
		help = "write " + name + " yes"
		if o.Kind != Bool {
			help = "remove the line: clamd no longer knows this option"
		}
		if o.Kind == Bool {
			p.set(o, "yes", span, span)
		}
	case strings.Contains(name, "="):
		help = "the value stands after a blank, without ="
	case o == nil:
		message += ", and clamd knows none of that name"
		help = cmp.Or(p.similar(name), "put # before the line if it is a note, or remove it")
	}
	d := diag.Diagnostic{Code: CodeNoArgument, Severity: diag.Error, Span: span, Message: message, Help: help}
	if o != nil && o.Kind == Bool {
		d.Fixes = []diag.Fix{{Message: "write " + name + " yes", Safe: true, Edits: []diag.Edit{{Span: span, New: name + " yes"}}}}
	}
	p.bag.Add(d)
}

// argument takes the quotes off and judges the value.
func (p *parser) argument(name, value string, at, valueAt source.Span) {
	if value[0] == '"' {
		last := strings.LastIndexByte(value, '"')
		switch {
		case last == 0:
			p.report(CodeQuote, diag.Error, valueAt, "the argument of "+quote(name)+" starts with a quote that is not closed", "close the quote, or leave it out: blanks need none")
			return
		case last == 1:
			p.report(CodeEmpty, diag.Error, valueAt, "the argument of "+quote(name)+" is empty", "give a value, or remove the line")
			return
		case last < len(value)-1:
			p.report(CodeQuote, diag.Warning, p.span(valueAt.Start+last+1, valueAt.End), "clamd ignores what follows the closing quote", "remove it")
		}
		value = value[1:last]
		valueAt = p.span(valueAt.Start+1, valueAt.Start+last)
	}
	o := p.options[name]
	if o == nil || o.Kind == Gone {
		p.unknown(name, o, at)
		return
	}
	if strings.Contains(value, "\r") {
		p.report(CodeBytes, diag.Warning, valueAt, "a carriage return is part of this argument", "save the file with Unix line ends")
	}
	if o.Kind == Ignored {
		message := "clamd 1.4 ignores the option " + name
		if o.Deprecated != "" {
			message = "clamd ignores the option " + name + " since " + o.Deprecated
		}
		p.report(CodeIgnored, diag.Warning, at, message, p.instead(o, "remove the line"))
	} else if o.Deprecated != "" {
		p.report(CodeRenamed, diag.Warning, at, name+" is an old name since "+o.Deprecated, p.instead(o, ""))
	}
	if p.valid(o, value, valueAt) {
		p.set(o, value, at, valueAt)
	}
}

func (p *parser) unknown(name string, o *Option, at source.Span) {
	message, help := "clamd 1.4 knows no option "+quote(name), p.similar(name)
	if o != nil {
		message = "clamd no longer knows the option " + name
		if o.Removed != "" {
			message += ", gone since " + o.Removed
		}
		help = p.instead(o, "remove the line")
	} else if program := p.elsewhere[name]; program != "" {
		message, help = name+" is no option of clamd", "it belongs into "+program
	}
	p.report(CodeUnknown, diag.Error, at, message, help)
}

func (p *parser) instead(o *Option, otherwise string) string {
	if o.ReplacedBy == "" {
		return otherwise
	}
	return "use " + o.ReplacedBy
}

// valid says whether clamd accepts the value for the option.
func (p *parser) valid(o *Option, value string, at source.Span) bool {
	wrong := func(want string) bool {
		p.report(CodeFormat, diag.Error, at, "the option "+o.Name+" takes "+want+", not "+quote(value), p.hint(value))
		return false
	}
	switch o.Kind {
	case Bool:
		if _, ok := parseBool(value); !ok {
			return wrong("yes or no")
		}
	case Number, NumberList:
		if !digits(value) {
			return wrong("a whole number")
		}
		if n, whole := parseNumber(value); !whole {
			p.report(CodeRange, diag.Warning, at, "clamd cannot hold this number and takes it for "+strconv.FormatInt(n, 10), "write a number up to 2147483647")
		}
	case Size:
		body := strings.TrimRight(value, "kKmMgG")
		if !digits(body) || len(value)-len(body) > 1 {
			return wrong("a size such as 10M")
		}
		_, problem := parseSize(value)
		switch problem {
		case sizeNotOctal:
			return wrong("a size without a leading zero")
		case sizeOctal:
			p.report(CodeRange, diag.Warning, at, "a leading zero makes clamd read this size as an octal number", "remove the zero")
		case sizeTooLarge:
			p.report(CodeRange, diag.Warning, at, "this size is more than clamd can hold, and means no limit", "write 0 for no limit")
		}
	case Choice:
		for _, c := range o.Choices {
			if strings.EqualFold(c, value) {
				return true
			}
		}
		return wrong("one of " + strings.Join(o.Choices, ", "))
	}
	return true
}

func (p *parser) hint(value string) string {
	switch {
	case strings.Contains(value, "#"):
		return "a comment needs a line of its own"
	case strings.Contains(value, "\r"):
		return "save the file with Unix line ends"
	}
	return ""
}

// set keeps a setting. clamd takes the first of an option that may not be repeated.
func (p *parser) set(o *Option, value string, at, valueAt source.Span) {
	c := p.config
	if len(c.settings) >= maxSettings {
		return
	}
	first, repeated := c.first[o.Name]
	s := Setting{Option: o, Value: value, Name: at, Span: valueAt}
	if repeated && o.Kind != List && o.Kind != NumberList {
		if o.Kind != Ignored {
			p.bag.Add(diag.Diagnostic{Code: CodeRepeated, Severity: diag.Warning, Span: at,
				Message: o.Name + " is set again; clamd uses the first", Help: "remove one of the lines",
				Related: []diag.Related{{Span: c.settings[first].Name, Message: "this one counts"}}})
		}
		s.Overruled = true
	}
	c.settings = append(c.settings, s)
	if !repeated {
		c.first[o.Name] = len(c.settings) - 1
	}
}

// similar suggests a name that differs in case or by little.
func (p *parser) similar(name string) string {
	if p.suggested++; p.suggested > maxSuggestions {
		return ""
	}
	best, least := "", 3
	for i := range known {
		o := &known[i]
		if strings.EqualFold(o.Name, name) {
			return "did you mean " + o.Name + "? Upper and lower case matter"
		}
		if d := distance(o.Name, name, least); d < least {
			best, least = o.Name, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + best + "?"
}

// distance counts the letters to change, add or drop to make b of a; it gives up at limit.
func distance(a, b string, limit int) int {
	if len(b) > 64 || len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// quote shows text of the file without control bytes, cut to a length for people.
func quote(s string) string {
	if len(s) > 60 {
		s = s[:60] + "..."
	}
	return strconv.QuoteToASCII(s)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "yes", "true", "1":
		return true, true
	case "no", "false", "0":
		return false, true
	}
	return false, false
}

// parseNumber reads a number as clamd does, into 32 bits; whole is false when it did not fit.
func parseNumber(s string) (n int64, whole bool) {
	wide, err := strconv.ParseInt(s, 10, 64) // at its limit when too large
	n = int64(int32(wide))
	return n, err == nil && n == wide
}

const (
	sizeFine = iota
	sizeOctal
	sizeNotOctal
	sizeTooLarge
)

// parseSize reads a size as clamd does: octal after a leading zero, and 0 means no limit.
func parseSize(s string) (n int64, problem int) {
	body := strings.TrimRight(s, "kKmMgG")
	base := 10
	if len(body) > 1 && body[0] == '0' {
		base, problem = 8, sizeOctal
		if strings.ContainsAny(body, "89") {
			return 0, sizeNotOctal
		}
	}
	n, err := strconv.ParseInt(body, base, 64)
	shift := 0
	if len(body) < len(s) {
		shift = map[byte]int{'k': 10, 'm': 20, 'g': 30}[s[len(s)-1]|0x20]
	}
	switch {
	case err != nil || n > math.MaxInt64>>shift:
		return math.MaxInt64, sizeTooLarge
	case n == 0:
		return math.MaxInt64, sizeFine
	}
	return n << shift, problem
}
