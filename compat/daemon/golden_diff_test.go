package daemon_test

import (
	"fmt"
	"strings"
)

// lines brings an aspect of an outcome into lines that read well side by side.
func lines(aspect any) []string {
	var out []string
	block := func(head string, body string) {
		for line := range strings.Lines(body) {
			out = append(out, head+strings.TrimSuffix(line, "\n"))
		}
	}
	switch a := aspect.(type) {
	case []string:
		for _, s := range a {
			block("", s)
		}
	case []delivered:
		for _, d := range a {
			out = append(out, "mail")
			block("  ", strings.Join(append(append([]string{}, d.Envelope...), d.Header...), "\n"))
			block("  | ", d.Body)
		}
	case []held:
		for _, h := range a {
			out = append(out, fmt.Sprintf("file %s, mode %s", h.Name, h.Mode))
			block("  ", strings.Join(h.Header, "\n"))
			block("  | ", h.Body)
		}
	}
	return out
}

// lineDiff marks the lines that only one side has, with up to two equal ones around them.
func lineDiff(want, got []string) string {
	// common[i][j] is how many lines want[i:] and got[j:] have in common
	common := make([][]int, len(want)+1)
	for i := range common {
		common[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			if want[i] == got[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var rows []string
	i, j := 0, 0
	for i < len(want) || j < len(got) {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			rows = append(rows, "  "+want[i])
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && common[i+1][j] >= common[i][j+1]:
			rows = append(rows, "- "+want[i])
			i++
		default:
			rows = append(rows, "+ "+got[j])
			j++
		}
	}
	return strings.Join(nearChanges(rows), "\n")
}

func nearChanges(rows []string) []string {
	const around = 2
	var out []string
	last := -1
	for i := range rows {
		keep := false
		for k := max(0, i-around); k <= min(len(rows)-1, i+around); k++ {
			keep = keep || rows[k][0] != ' '
		}
		if !keep {
			continue
		}
		if last != i-1 {
			out = append(out, "  ...")
		}
		out = append(out, rows[i])
		last = i
	}
	return out
}
