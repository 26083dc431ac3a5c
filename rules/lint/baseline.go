package lint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"

	"mavis/perlconf/diag"
)

// Baseline holds findings that are known and do not count. They are known again by code, file and the text of their line,
// so that other lines may come and go.
type Baseline struct {
	Version  int     `json:"version"`
	Findings []Known `json:"findings"`
}

// Known is one kind of finding, and how often it may appear.
type Known struct {
	Code  string `json:"code"`
	File  string `json:"file,omitempty"`
	Line  string `json:"line"` // a digest of the line's text without blanks at its ends, passwords masked
	Count int    `json:"count"`
}

const baselineVersion = 1

// ParseBaseline reads what Baseline.JSON wrote.
func ParseBaseline(text []byte) (Baseline, error) {
	var b Baseline
	if err := json.Unmarshal(text, &b); err != nil {
		return b, fmt.Errorf("this is no baseline: %w", err)
	}
	if b.Version != baselineVersion {
		return b, errors.New("this baseline was written by another version of the program; write it anew")
	}
	return b, nil
}

// NewBaseline makes one of findings, which must have gone through Mask.
func NewBaseline(ds []diag.Diagnostic) Baseline {
	b := Baseline{Version: baselineVersion, Findings: []Known{}}
	at := map[Known]int{}
	for _, d := range ds {
		k := known(d)
		i, ok := at[k]
		if !ok {
			i = len(b.Findings)
			at[k] = i
			b.Findings = append(b.Findings, k)
		}
		b.Findings[i].Count++
	}
	sort.SliceStable(b.Findings, func(i, j int) bool {
		x, y := b.Findings[i], b.Findings[j]
		if x.File != y.File {
			return x.File < y.File
		}
		return x.Code < y.Code
	})
	return b
}

// JSON is the text of a baseline file.
func (b Baseline) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(b, "", "  ")
	return append(text, '\n'), err
}

// Filter gives the findings that are not known, which must have gone through Mask, and how many were known.
func (b Baseline) Filter(ds []diag.Diagnostic) (fresh []diag.Diagnostic, old int) {
	left := map[Known]int{}
	for _, k := range b.Findings {
		n := k.Count
		k.Count = 0
		left[k] += n
	}
	for _, d := range ds {
		if k := known(d); left[k] > 0 {
			left[k]--
			old++
			continue
		}
		fresh = append(fresh, d)
	}
	return fresh, old
}

func known(d diag.Diagnostic) Known {
	k := Known{Code: d.Code}
	line := d.Message
	if !d.Span.IsZero() {
		k.File = d.Span.File.Name
		line = strings.TrimSpace(d.Span.File.Line(d.Span.Pos().Line))
	}
	sum := sha256.Sum256([]byte(line))
	k.Line = hex.EncodeToString(sum[:8])
	return k
}
