package av

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// savapi asks Avira's SAVAPI3 daemon about files: settings, then SCAN NAME, answered by lines that begin with a status.
func savapi(ctx context.Context, spec, folder, product string, names []string) (replies []reply, err error) {
	w, err := dial(ctx, spec)
	if err != nil {
		return nil, err
	}
	defer w.close()
	hello, err := w.line('\n')
	if err != nil {
		return nil, fmt.Errorf("savapi at %s: no greeting: %w", spec, err)
	}
	if v, ok := strings.CutPrefix(hello, "100 SAVAPI:"); !ok || v[0] < '0' || v[0] > '9' {
		return nil, fmt.Errorf("savapi at %s: strange greeting %q", spec, hello)
	}
	left := longest
	if !w.limit.IsZero() {
		left = time.Until(w.limit)
	}
	seconds := max(3, int(left.Seconds()+0.5))
	for _, cmd := range []string{"SET PRODUCT " + product, fmt.Sprintf("SET SCAN_TIMEOUT %d", seconds), "SET CWD " + folder} {
		if err := w.say(cmd + "\n"); err != nil {
			return nil, fmt.Errorf("savapi at %s: %w", spec, err)
		}
		if line, err := w.line('\n'); err != nil || !strings.HasPrefix(line, "100") {
			return nil, fmt.Errorf("savapi at %s: %s was not accepted: %q, %v", spec, cmd, line, err)
		}
	}
	for _, name := range names {
		r, err := savapiScan(w, name)
		if r.output != "" {
			replies = append(replies, r)
		}
		if err != nil {
			return replies, fmt.Errorf("savapi at %s: %w", spec, err)
		}
	}
	w.say("QUIT\n")
	return replies, nil
}

// savapiScan gives the lines of one SCAN; a line of success only when there is no other.
func savapiScan(w *wire, name string) (r reply, err error) {
	if err := w.say("SCAN " + name + "\n"); err != nil {
		return r, err
	}
	var b strings.Builder
	clean := ""
	for {
		line, err := w.line('\n')
		switch {
		case err != nil:
			b.WriteString(line)
			r.broken, r.output = err, b.String()
			return r, fmt.Errorf("no answer to the end about %s: %w", name, err)
		case strings.HasPrefix(line, "200"):
			clean = line
		case b.Len() < maxAnswer:
			b.WriteString(line)
		default:
			r.broken = errCut
		}
		if savapiLast(line) {
			break
		}
	}
	if r.output = b.String(); r.output == "" {
		r.output = clean
	}
	return r, nil
}

// savapiLast says that a line ends an answer: 310 and the 42x and 430 do not, 300 and 319 do.
func savapiLast(line string) bool {
	if len(line) < 4 || strings.Trim(line[:3], "0123456789") != "" {
		return false
	}
	return line[0] != '3' && line[0] != '4' || line[:3] == "300" || line[:3] == "319"
}
