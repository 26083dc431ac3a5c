package diag

import (
	"encoding/json"
	"io"

	"mavis/perlconf/source"
)

// place is a span as programs read it. Lines and columns count from 1, offsets from 0; the end is exclusive.
type place struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"end_line"`
	EndColumn int    `json:"end_column"`
	Offset    int    `json:"offset"`
	EndOffset int    `json:"end_offset"`
}

func placeOf(s source.Span) *place {
	if s.IsZero() {
		return nil
	}
	a, b := s.File.Pos(s.Start), s.File.Pos(s.End)
	return &place{s.File.Name, a.Line, a.Column, b.Line, b.Column, s.Start, s.End}
}

type jsonDiagnostic struct {
	Code     string        `json:"code"`
	Severity string        `json:"severity"`
	Message  string        `json:"message"`
	Help     string        `json:"help,omitempty"`
	Place    *place        `json:"place,omitempty"`
	Related  []jsonRelated `json:"related,omitempty"`
	Fixes    []jsonFix     `json:"fixes,omitempty"`
}

type jsonRelated struct {
	Message string `json:"message"`
	Place   *place `json:"place,omitempty"`
}

type jsonFix struct {
	Message string     `json:"message"`
	Safe    bool       `json:"safe"`
	Edits   []jsonEdit `json:"edits"`
}

type jsonEdit struct {
	Place *place `json:"place"`
	New   string `json:"new"`
}

// WriteJSON writes diagnostics as a JSON array. Fields may be added in later versions, but none is renamed or removed.
func WriteJSON(w io.Writer, ds []Diagnostic) error {
	out := make([]jsonDiagnostic, 0, len(ds))
	for _, d := range ds {
		j := jsonDiagnostic{Code: d.Code, Severity: d.Severity.String(), Message: d.Message, Help: d.Help, Place: placeOf(d.Span)}
		for _, r := range d.Related {
			j.Related = append(j.Related, jsonRelated{r.Message, placeOf(r.Span)})
		}
		for _, f := range d.Fixes {
			jf := jsonFix{Message: f.Message, Safe: f.Safe, Edits: []jsonEdit{}}
			for _, e := range f.Edits {
				jf.Edits = append(jf.Edits, jsonEdit{placeOf(e.Span), e.New})
			}
			j.Fixes = append(j.Fixes, jf)
		}
		out = append(out, j)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
