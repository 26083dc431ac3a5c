package diag

import (
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"sort"
	"strings"

	"mavis/perlconf/source"
)

// SARIF writes diagnostics in the Static Analysis Results Interchange Format 2.1.0 (OASIS standard, 27 March 2020).
type SARIF struct {
	Tool    string // name of the program, such as "mavis"
	Version string
	URI     string            // where its documentation is; may be empty
	Rules   map[string]string // a short description by code; codes without one are listed bare
}

type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri,omitempty"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string        `json:"id"`
		ShortDescription *sarifMessage `json:"shortDescription,omitempty"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID           string          `json:"ruleId"`
		RuleIndex        int             `json:"ruleIndex"`
		Level            string          `json:"level"`
		Message          sarifMessage    `json:"message"`
		Locations        []sarifLocation `json:"locations,omitempty"`
		RelatedLocations []sarifLocation `json:"relatedLocations,omitempty"`
		Fixes            []sarifFix      `json:"fixes,omitempty"`
	}
	sarifLocation struct {
		ID               *int          `json:"id,omitempty"`
		PhysicalLocation sarifPhysical `json:"physicalLocation"`
		Message          *sarifMessage `json:"message,omitempty"`
	}
	sarifPhysical struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
	sarifFix struct {
		Description     sarifMessage  `json:"description"`
		ArtifactChanges []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		ArtifactLocation sarifArtifact      `json:"artifactLocation"`
		Replacements     []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		DeletedRegion   sarifRegion   `json:"deletedRegion"`
		InsertedContent *sarifMessage `json:"insertedContent,omitempty"`
	}
)

// Write writes one run with all diagnostics.
func (s SARIF) Write(w io.Writer, ds []Diagnostic) error {
	codes := map[string]int{}
	var names []string
	for _, d := range ds {
		if _, ok := codes[d.Code]; !ok {
			codes[d.Code] = 0
			names = append(names, d.Code)
		}
	}
	sort.Strings(names)
	rules := make([]sarifRule, 0, len(names))
	for i, n := range names {
		codes[n] = i
		r := sarifRule{ID: n}
		if text := s.Rules[n]; text != "" {
			r.ShortDescription = &sarifMessage{text}
		}
		rules = append(rules, r)
	}
	results := make([]sarifResult, 0, len(ds))
	for _, d := range ds {
		results = append(results, sarifOf(d, codes[d.Code]))
	}
	log := sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs: []sarifRun{{
			Tool:       sarifTool{sarifDriver{Name: s.Tool, Version: s.Version, InformationURI: s.URI, Rules: rules}},
			ColumnKind: "unicodeCodePoints",
			Results:    results,
		}},
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(log)
}

func sarifOf(d Diagnostic, rule int) sarifResult {
	text := d.Message
	if d.Help != "" {
		text += "\n" + d.Help
	}
	r := sarifResult{RuleID: d.Code, RuleIndex: rule, Message: sarifMessage{text},
		Level: map[Severity]string{Error: "error", Warning: "warning", Info: "note"}[d.Severity]}
	if !d.Span.IsZero() {
		r.Locations = []sarifLocation{{PhysicalLocation: physical(d.Span)}}
	}
	for _, rel := range d.Related {
		if rel.Span.IsZero() {
			continue
		}
		id := len(r.RelatedLocations)
		r.RelatedLocations = append(r.RelatedLocations,
			sarifLocation{ID: &id, PhysicalLocation: physical(rel.Span), Message: &sarifMessage{rel.Message}})
	}
	for _, f := range d.Fixes {
		r.Fixes = append(r.Fixes, sarifFixOf(f))
	}
	return r
}

func sarifFixOf(f Fix) sarifFix {
	out := sarifFix{Description: sarifMessage{f.Message}, ArtifactChanges: []sarifChange{}}
	for _, e := range f.Edits {
		if e.Span.IsZero() {
			continue
		}
		p := physical(e.Span)
		rep := sarifReplacement{DeletedRegion: p.Region}
		if e.New != "" {
			rep.InsertedContent = &sarifMessage{e.New}
		}
		n := len(out.ArtifactChanges)
		if n > 0 && out.ArtifactChanges[n-1].ArtifactLocation == p.ArtifactLocation {
			out.ArtifactChanges[n-1].Replacements = append(out.ArtifactChanges[n-1].Replacements, rep)
			continue
		}
		out.ArtifactChanges = append(out.ArtifactChanges, sarifChange{p.ArtifactLocation, []sarifReplacement{rep}})
	}
	return out
}

func physical(s source.Span) sarifPhysical {
	p := placeOf(s)
	return sarifPhysical{sarifArtifact{fileURI(p.File)}, sarifRegion{p.Line, p.Column, p.EndLine, p.EndColumn}}
}

// fileURI makes a file name a URI reference: relative names stay relative.
func fileURI(name string) string {
	name = filepath.ToSlash(name)
	if strings.HasPrefix(name, "/") {
		return (&url.URL{Scheme: "file", Path: name}).String()
	}
	return (&url.URL{Path: name}).EscapedPath()
}
