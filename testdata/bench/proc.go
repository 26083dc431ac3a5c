package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is CPU time by the name of the program.
type usage map[string]time.Duration

const tick = 10 * time.Millisecond // of /proc/PID/stat, USER_HZ on all Linux

// family calls f for a process and all below it, with its fields of /proc/PID/stat after the name.
func family(root int, f func(pid int, name string, fields []string)) {
	type process struct {
		name   string
		fields []string
	}
	all, kids := map[int]process{}, map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, p := range stats {
		b, err := os.ReadFile(p)
		if err != nil {
			continue // has ended
		}
		s := string(b)
		open, end := strings.IndexByte(s, '('), strings.LastIndexByte(s, ')')
		pid, err := strconv.Atoi(strings.TrimSpace(s[:max(open, 0)]))
		if err != nil || end < open {
			continue
		}
		fields := strings.Fields(s[end+1:])
		parent, _ := strconv.Atoi(fields[1])
		all[pid] = process{s[open+1 : end], fields}
		kids[parent] = append(kids[parent], pid)
	}
	for todo := []int{root}; len(todo) > 0; {
		pid := todo[0]
		todo = append(todo[1:], kids[pid]...)
		if p, ok := all[pid]; ok {
			f(pid, p.name, p.fields)
		}
	}
}

// cpuTimes sums user and system time of a process and all below it; those that ended count for their parent.
func cpuTimes(root int) usage {
	u := usage{}
	family(root, func(_ int, name string, fields []string) {
		for _, x := range fields[11:15] {
			n, _ := strconv.Atoi(x)
			u[program(name)] += time.Duration(n) * tick
		}
	})
	return u
}

// program is the name without what some programs write there of their state.
func program(name string) string {
	name, _, _ = strings.Cut(name, " ")
	return strings.TrimSuffix(name, ":")
}

// pss is the memory of a process and all below it in KiB, shared pages by their share.
func pss(root int) int {
	total := 0
	family(root, func(pid int, _ string, _ []string) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return
		}
		for l := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(l, "Pss:"); ok {
				n, _ := strconv.Atoi(strings.Fields(rest)[0])
				total += n
			}
		}
	})
	return total
}
