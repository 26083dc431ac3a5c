// Package pages holds the texts about codes that are reported while a configuration is read, not by a rule of lint.
//
// A page begins with a line
//
//	=== CODE SEVERITY NAME
//
// and one line of summary; its sections begin with --- and one of: what, why, wrong, right, fix, none (why it has no
// example).
package pages

import "embed"

//go:embed *.txt
var files embed.FS

// Text gives the pages of one part of the program, such as "parser"; "" when there are none.
func Text(part string) string {
	text, err := files.ReadFile(part + ".txt")
	if err != nil {
		return ""
	}
	return string(text)
}
