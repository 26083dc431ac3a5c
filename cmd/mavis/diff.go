package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mavis/compat/explain"
	"mavis/perlconf/source"
	"mavis/rules"
	"mavis/rules/settings"
)

// diffCommand tells what differs between two configurations: settings, and what becomes of mail.
type diffCommand struct {
	configFiles
	Against  string `enum:",defaults" default:"" placeholder:"defaults" help:"Compare with the built-in defaults in place of a first configuration."`
	Sample   string `placeholder:"FILE" help:"Mails to try, one a line: from=A to=B client-ip=C port=P virus=V spam-score=N banned=F. Without it a sample is made from what both configurations mention."`
	Cases    int    `default:"400" placeholder:"N" help:"The most mails to try of a sample that is made."`
	Outcomes bool   `negatable:"" default:"true" help:"Try mails under both configurations; else compare the settings only."`
	JSON     bool   `name:"json" help:"Print one JSON document."`
	A        string `arg:"" optional:"" help:"The first configuration: files parted by commas, or a folder. With one configuration it is compared with this host's."`
	B        string `arg:"" optional:"" help:"The second one."`
}

// side is one of the two configurations.
type side struct {
	name  string
	files []string
	list  []settings.Setting
	cfg   *rules.Config
}

// Run prints the differences. The status is 0 when there are none, 1 when there are, 2 when the question could not be asked.
func (c *diffCommand) Run(s streams) error {
	folder, err := os.MkdirTemp("", "mavis-diff-")
	if err != nil {
		return usage(s, err)
	}
	defer os.RemoveAll(folder)
	a, b, err := c.sides(s, folder)
	if err != nil {
		return err
	}
	var sample []explain.Case
	if c.Sample != "" {
		text, err := os.ReadFile(c.Sample)
		if err == nil {
			sample, err = explain.ParseSample(string(text))
		}
		if err != nil {
			return usage(s, fmt.Errorf("%s: %w", c.Sample, err))
		}
	}
	changes := settings.Compare(a.list, b.list)
	var groups []explain.Group
	if c.Outcomes {
		if sample == nil {
			var m explain.Mentioned
			m.Add(a.list, a.cfg)
			m.Add(b.list, b.cfg)
			sample = m.Cases(c.Cases)
		}
		if groups, err = outcomes(a.cfg, b.cfg, sample); err != nil {
			return usage(s, err)
		}
	}
	if c.JSON {
		err = writeDiff(s.out, a, b, changes, len(sample), groups)
	} else {
		printChanges(s.out, changes)
		if c.Outcomes {
			printGroups(s.out, len(sample), groups)
		}
	}
	if err == nil && len(changes)+len(groups) > 0 {
		return exitStatus(1)
	}
	return err
}

func outcomes(a, b *rules.Config, sample []explain.Case) ([]explain.Group, error) {
	one, err := explain.New(a)
	if err != nil {
		return nil, err
	}
	defer one.Close()
	two, err := explain.New(b)
	if err != nil {
		return nil, err
	}
	defer two.Close()
	return explain.Compare(context.Background(), one, two, sample)
}

func (c *diffCommand) sides(s streams, folder string) (a, b side, err error) {
	first, second := []string{c.A}, []string{c.B}
	switch {
	case c.Against != "" && c.B != "":
		return a, b, usage(s, fmt.Errorf("--against stands in the place of a first configuration: give one only"))
	case c.Against != "":
		empty := filepath.Join(folder, "defaults")
		if err := os.WriteFile(empty, []byte("1;\n"), 0o644); err != nil {
			return a, b, usage(s, err)
		}
		first, second = []string{empty}, first
		if c.A == "" {
			second = nil
		}
	case c.A == "":
		return a, b, usage(s, fmt.Errorf("give two configurations, or one to compare with that of this host"))
	case c.B == "":
		first, second = nil, first
	}
	for _, x := range []struct {
		to    *side
		files []string
		name  string
	}{{&a, first, c.A}, {&b, second, c.B}} {
		x.to.name = x.name
		if x.to.files, err = expand(x.files); err != nil {
			return a, b, usage(s, err)
		}
		loaded, err := c.load(s, x.to.files)
		if err != nil {
			return a, b, err
		}
		defaults, err := c.defaults()
		if err != nil {
			return a, b, usage(s, err)
		}
		x.to.list = settings.Read(loaded.Vars, defaults)
		if c.Outcomes {
			if x.to.cfg, err = c.model(s, x.files); err != nil {
				return a, b, err
			}
		}
	}
	return a, b, nil
}

// printChanges tells in words which settings differ.
func printChanges(w io.Writer, changes []settings.Change) {
	fmt.Fprintf(w, "settings: %s\n", count(len(changes), "differs", "differ"))
	var derived []string
	for _, c := range changes {
		a, b := c.A, c.B
		if a.Origin.IsZero() && b.Origin.IsZero() {
			derived = append(derived, a.Name)
			continue
		}
		if len(c.Entries) == 0 {
			fmt.Fprintf(w, "  %s\n    - %s  [%s]\n    + %s  [%s]\n", a.Name, a.Value.Short(a.Kind, a.Name[0], 100), set(a.Origin), b.Value.Short(b.Kind, b.Name[0], 100), set(b.Origin))
			continue
		}
		fmt.Fprintf(w, "  %s  [%s | %s]\n", a.Name, set(a.Origin), set(b.Origin))
		for _, e := range c.Entries {
			switch e.What {
			case "added":
				fmt.Fprintf(w, "    + %s added: %s%s\n", e.Path, e.B.Short("", '$', 80), entryPlace(e.AtB))
			case "removed":
				fmt.Fprintf(w, "    - %s removed: %s%s\n", e.Path, e.A.Short("", '$', 80), entryPlace(e.AtA))
			case "moved":
				fmt.Fprintf(w, "    ~ %s moved: %s\n", e.Path, e.A.Short("", '$', 80))
			default:
				fmt.Fprintf(w, "    ~ %s changed: %s%s -> %s%s\n", e.Path, e.A.Short("", '$', 60), entryPlace(e.AtA), e.B.Short("", '$', 60), entryPlace(e.AtB))
			}
		}
	}
	if len(derived) > 0 {
		fmt.Fprintf(w, "  and with them, worked out from others: %s\n", strings.Join(derived, ", "))
	}
}

func set(at source.Span) string {
	if at.IsZero() {
		return "default"
	}
	return where(at)
}

func entryPlace(at source.Span) string {
	if at.IsZero() {
		return ""
	}
	return "  [" + where(at) + "]"
}

func count(n int, one, many string) string {
	switch n {
	case 0:
		return "none " + one
	case 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// printGroups tells which mails come out otherwise, and where the two accounts part.
func printGroups(w io.Writer, tried int, groups []explain.Group) {
	n := 0
	for _, g := range groups {
		n += len(g.Cases)
	}
	fmt.Fprintf(w, "outcomes: of %d mails tried %s out otherwise\n", tried, count(n, "comes", "come"))
	for _, g := range groups {
		fmt.Fprintf(w, "  %s: %s\n", plural(len(g.Cases), "mail"), strings.Join(g.Changes, "; "))
		for _, line := range []struct {
			mark string
			text string
		}{{"-", causeText(g, true)}, {"+", causeText(g, false)}} {
			if line.text != "" {
				fmt.Fprintf(w, "    %s %s\n", line.mark, line.text)
			}
		}
		for i, c := range g.Cases {
			if i == 3 {
				fmt.Fprintf(w, "      and %d more\n", len(g.Cases)-i)
				break
			}
			fmt.Fprintf(w, "      %s\n", c)
		}
	}
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func causeText(g explain.Group, first bool) string {
	step := g.B
	if first {
		step = g.A
	}
	if step == nil {
		return ""
	}
	return stepText(*step)
}

type diffJSON struct {
	FilesA   []string      `json:"a"`
	FilesB   []string      `json:"b"`
	Settings []changeJSON  `json:"settings"`
	Tried    int           `json:"tried"`
	Outcomes []outcomeJSON `json:"outcomes"`
}

type changeJSON struct {
	Name    string      `json:"name"`
	A       any         `json:"a"`
	B       any         `json:"b"`
	OriginA *placeJSON  `json:"origin_a"`
	OriginB *placeJSON  `json:"origin_b"`
	Entries []entryJSON `json:"entries,omitempty"`
}

type entryJSON struct {
	What    string     `json:"what"`
	Path    string     `json:"path"`
	A       any        `json:"a,omitempty"`
	B       any        `json:"b,omitempty"`
	OriginA *placeJSON `json:"origin_a,omitempty"`
	OriginB *placeJSON `json:"origin_b,omitempty"`
}

type outcomeJSON struct {
	Count   int      `json:"count"`
	Changes []string `json:"changes"`
	CauseA  string   `json:"cause_a,omitempty"`
	CauseB  string   `json:"cause_b,omitempty"`
	Mails   []string `json:"mails"`
}

func writeDiff(w io.Writer, a, b side, changes []settings.Change, tried int, groups []explain.Group) error {
	out := diffJSON{FilesA: a.files, FilesB: b.files, Settings: []changeJSON{}, Tried: tried, Outcomes: []outcomeJSON{}}
	for _, c := range changes {
		j := changeJSON{Name: c.A.Name, A: c.A.Value.JSON(), B: c.B.Value.JSON(), OriginA: placed(c.A.Origin, ""), OriginB: placed(c.B.Origin, "")}
		for _, e := range c.Entries {
			j.Entries = append(j.Entries, entryJSON{e.What, e.Path, e.A.JSON(), e.B.JSON(), placed(e.AtA, ""), placed(e.AtB, "")})
		}
		out.Settings = append(out.Settings, j)
	}
	for _, g := range groups {
		j := outcomeJSON{Count: len(g.Cases), Changes: g.Changes, CauseA: causeText(g, true), CauseB: causeText(g, false)}
		for _, c := range g.Cases {
			j.Mails = append(j.Mails, c.String())
		}
		out.Outcomes = append(out.Outcomes, j)
	}
	return writeJSON(w, out, "  ")
}
