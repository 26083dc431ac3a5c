package av

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"mavis/perlconf/eval"
	"mavis/rules"
)

var errNoCode = errors.New("code of the configuration cannot be run here")

func (s *Scanner) run(code *eval.Code, args ...eval.Value) ([]eval.Value, error) {
	if s.Run == nil {
		return nil, errNoCode
	}
	return s.Run(code, args...)
}

// subArgs are the arguments that subs of an entry get: files, a table of parts, the task's folder, the entry's name.
func subArgs(e *rules.Scanner, job Job) []eval.Value {
	files := make([]eval.Value, len(job.Files))
	for i, f := range job.Files {
		files[i] = f
	}
	return []eval.Value{eval.NewArray(files...), eval.NewHash(), filepath.Dir(job.Folder), e.Name}
}

// code runs an entry that is a sub of the configuration. It gives a status (true: infected; defined: clean; undef: no
// answer), text and a list of names.
func (s *Scanner) code(e *rules.Scanner, job Job) (a answer) {
	out, err := s.run(e.CallCode, subArgs(e, job)...)
	if err != nil {
		return answer{err: err}
	}
	if len(out) == 0 || out[0] == nil {
		return answer{err: errors.New("its code gave no status")}
	}
	if len(out) > 1 {
		a.output = eval.ToString(out[1])
	}
	a.conclusive = true
	if a.infected = eval.ToBool(out[0]); !a.infected {
		return a
	}
	if len(out) > 2 {
		if list, ok := out[2].(*eval.Array); ok {
			for _, v := range list.Values() {
				a.names = append(a.names, eval.ToString(v))
			}
		}
	}
	if len(a.names) == 0 {
		a.names = []string{""}
	}
	return a
}

// namesByCode asks the entry's sub for the virus names in an output.
func (s *Scanner) namesByCode(e *rules.Scanner, output string) ([]string, error) {
	out, err := s.run(e.NameCode, output)
	var names []string
	for _, v := range out {
		if v != nil && len(names) < maxNames {
			names = append(names, eval.ToString(v))
		}
	}
	return names, err
}

// before runs the sub that stands before a scanner, for its effect; the folder it changes to is found by workFolder.
func (s *Scanner) before(e *rules.Scanner, job Job) error {
	if e.Pre == nil {
		return nil
	}
	if _, ok := chdirOnly(e.Pre); ok {
		return nil
	}
	if _, err := s.run(e.Pre, subArgs(e, job)...); err != nil {
		return fmt.Errorf("code before the scanner: %w", err)
	}
	return nil
}

// after runs the sub that stands after a scanner, whatever came of it. One that only changes the folder has no effect:
// nobody left it.
func (s *Scanner) after(e *rules.Scanner, job Job, a *answer) {
	if e.Post == nil {
		return
	}
	if _, ok := chdirOnly(e.Post); ok {
		return
	}
	if _, err := s.run(e.Post, subArgs(e, job)...); err != nil && a.err == nil {
		a.err = fmt.Errorf("code after the scanner: %w", err)
	}
}

// workFolder is where a program is started: the parts folder, or where a sub before it changes to.
func (s *Scanner) workFolder(e *rules.Scanner, job Job) (string, error) {
	if e.Pre == nil {
		return job.Folder, nil
	}
	expr, ok := chdirOnly(e.Pre)
	if !ok {
		return job.Folder, nil
	}
	dir, err := s.text(expr)
	if err != nil {
		return "", fmt.Errorf("code before the scanner: chdir: %w", err)
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(job.Folder, dir)
	}
	return dir, nil
}

var (
	chdirSub = regexp.MustCompile(`(?s)^(?:sub\s*)?\{\s*chdir\s*(?:\(\s*([^()]+?)\s*\)|([^()\s]+))\s*(?:(?:or|\|\|)\s*die\b[^;{}]*)?;?\s*\}$`)
	variable = regexp.MustCompile(`\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})`)
)

// chdirOnly recognises sub { chdir(PLACE) or die ... } and gives PLACE as written. The evaluator does not run chdir: a
// daemon that serves many mails at a time has one working folder for all of them.
func chdirOnly(code *eval.Code) (expr string, ok bool) {
	m := chdirSub.FindStringSubmatch(strings.TrimSpace(code.Span.Text()))
	if m == nil {
		return "", false
	}
	return m[1] + m[2], true
}

// text reads a string in quotes or a scalar.
func (s *Scanner) text(expr string) (string, error) {
	if n := len(expr); n >= 2 && expr[0] == '\'' && expr[n-1] == '\'' && !strings.ContainsAny(expr[1:n-1], `'\`) {
		return expr[1 : n-1], nil
	}
	if n := len(expr); n >= 2 && expr[0] == '"' && expr[n-1] == '"' {
		expr = expr[1 : n-1]
	} else if m := variable.FindStringIndex(expr); m == nil || m[0] != 0 || m[1] != len(expr) {
		return "", fmt.Errorf("%s cannot be worked out", expr)
	}
	if strings.ContainsAny(expr, `"\@`) {
		return "", fmt.Errorf("%s cannot be worked out", expr)
	}
	var bad error
	out := variable.ReplaceAllStringFunc(expr, func(v string) string {
		name := strings.Trim(v, "${}")
		if s.Var != nil {
			if value, ok := s.Var(name); ok {
				return value
			}
		}
		bad = fmt.Errorf("$%s is not known", name)
		return ""
	})
	if bad == nil && strings.Contains(out, "$") {
		bad = fmt.Errorf("%s cannot be worked out", expr)
	}
	return out, bad
}
