// Package source holds configuration files as text: bytes, lines, columns, and which file included which.
package source

import (
	"fmt"
	"sort"
	"unicode/utf8"
)

// File is one piece of text that was read. It does not change after New.
type File struct {
	Name       string // as the user or the including file named it
	Text       []byte
	IncludedAt Span // where the including statement stands; zero for a file named on the command line
	Fragment   bool // the text is a piece of another kind of file, moved to the place where it stands there
	lines      []int
}

// New indexes text by lines.
func New(name string, text []byte) *File {
	f := &File{Name: name, Text: text, lines: []int{0}}
	for i, c := range text {
		if c == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	return f
}

// Pos is a place in a file, ready to be shown. Line and Column count from 1; Column counts characters
// (a byte that is no valid UTF-8 counts as one).
type Pos struct {
	Line, Column int
}

// Pos translates a byte offset. Offsets beyond the end give the end.
func (f *File) Pos(offset int) Pos {
	offset = max(0, min(offset, len(f.Text)))
	i := sort.SearchInts(f.lines, offset+1) - 1
	return Pos{Line: i + 1, Column: utf8.RuneCount(f.Text[f.lines[i]:offset]) + 1}
}

// Line gives the text of line n (from 1) without its newline; "" when there is no such line.
func (f *File) Line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	end := len(f.Text)
	if n < len(f.lines) {
		end = f.lines[n] - 1
	}
	return string(f.Text[f.lines[n-1]:end])
}

// LineStart is the byte offset at which line n (from 1) begins.
func (f *File) LineStart(n int) int {
	return f.lines[max(0, min(n-1, len(f.lines)-1))]
}

// Lines is the number of lines; text after the last newline counts as a line.
func (f *File) Lines() int { return len(f.lines) }

// Span is a half-open range of bytes in a file. The zero Span means "nowhere", such as a built-in default.
type Span struct {
	File       *File
	Start, End int
}

// IsZero says that the span points nowhere.
func (s Span) IsZero() bool { return s.File == nil }

// Pos is the place where the span starts.
func (s Span) Pos() Pos {
	if s.File == nil {
		return Pos{}
	}
	return s.File.Pos(s.Start)
}

// Text is what stands in the span.
func (s Span) Text() string {
	if s.File == nil {
		return ""
	}
	return string(s.File.Text[s.Start:s.End])
}

// String is FILE:LINE:COLUMN, or "built in" for the zero span.
func (s Span) String() string {
	if s.File == nil {
		return "built in"
	}
	p := s.Pos()
	return fmt.Sprintf("%s:%d:%d", s.File.Name, p.Line, p.Column)
}

// Join is the smallest span that holds both; a zero span adds nothing.
func (s Span) Join(o Span) Span {
	switch {
	case s.File == nil:
		return o
	case o.File == nil || o.File != s.File:
		return s
	}
	return Span{s.File, min(s.Start, o.Start), max(s.End, o.End)}
}
