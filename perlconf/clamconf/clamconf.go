// Package clamconf reads clamd.conf, the file of the virus scanner clamd, from 0.8x to 1.4: what clamd 1.4 accepts and
// refuses, and what each option means. Ruling are clamd.conf(5) and the answers of clamconf(1) 1.4.
package clamconf

import (
	"mavis/perlconf/source"
)

// Config is what a file sets. Its methods know the defaults of clamd 1.4.
type Config struct {
	settings []Setting
	first    map[string]int
}

// Setting is one line of the file that sets an option.
type Setting struct {
	Option    *Option
	Value     string      // without quotes
	Name      source.Span // where the option's name stands
	Span      source.Span // where the value stands
	Overruled bool        // an earlier line set the same option
}

// Settings gives all lines that set something, in order. Read only.
func (c *Config) Settings() []Setting { return c.settings }

// find gives the setting that counts, looked for under the older names of the option as well.
func (c *Config) find(name string) *Setting {
	if i, ok := c.first[name]; ok {
		return &c.settings[i]
	}
	for i := range known {
		if o := &known[i]; o.ReplacedBy == name && o.Kind != Ignored {
			if j, ok := c.first[o.Name]; ok {
				return &c.settings[j]
			}
		}
	}
	return nil
}

// value gives the text set for an option, else the default with the zero span.
func (c *Config) value(name string) (string, source.Span) {
	if s := c.find(name); s != nil {
		return s.Value, s.Span
	}
	for i := range known {
		if known[i].Name == name {
			return known[i].Default, source.Span{}
		}
	}
	return "", source.Span{}
}

// IsSet says whether the file sets the option, under its present or an older name.
func (c *Config) IsSet(name string) bool { return c.find(name) != nil }

// String gives the text of an option and where it was set; the zero span means the default. "" means unset.
func (c *Config) String(name string) (string, source.Span) { return c.value(name) }

// Bool gives a switch and where it was set.
func (c *Config) Bool(name string) (bool, source.Span) {
	text, span := c.value(name)
	v, _ := parseBool(text)
	return v, span
}

// Number gives a number and where it was set. Its unit is that of the option: seconds, milliseconds, or a count.
// 0 means unset where there is no default.
func (c *Config) Number(name string) (int64, source.Span) {
	text, span := c.value(name)
	if text == "" {
		return 0, span
	}
	n, _ := parseNumber(text)
	return n, span
}

// Size gives a size in bytes and where it was set. No limit, written as 0, is math.MaxInt64.
func (c *Config) Size(name string) (int64, source.Span) {
	text, span := c.value(name)
	if text == "" {
		return 0, span
	}
	n, _ := parseSize(text)
	return n, span
}

// List gives the values of a repeatable option, in order, and where each was set.
func (c *Config) List(name string) ([]string, []source.Span) {
	var values []string
	var spans []source.Span
	for i := range c.settings {
		if s := &c.settings[i]; s.Option.Name == name && !s.Overruled {
			values, spans = append(values, s.Value), append(spans, s.Span)
		}
	}
	return values, spans
}
