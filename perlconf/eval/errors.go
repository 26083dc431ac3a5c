package eval

import (
	"errors"
	"fmt"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// Error is what ended a run: a diagnostic with its place, and the value that $@ would hold.
type Error struct {
	Diag  diag.Diagnostic
	Value Value // what was thrown: text with " at FILE line N.", or the object given to die
	fatal bool  // not to be caught by eval
}

// Error is FILE:LINE:COLUMN: message [CODE].
func (e *Error) Error() string { return e.Diag.Error() }

var errReadOnly = errors.New("the value is read-only")

// fail dies as Perl itself does, with place.
func (in *Interp) fail(code string, span source.Span, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	panic(&Error{Diag: diag.Diagnostic{Code: code, Severity: diag.Error, Span: span, Message: msg},
		Value: msg + atPlace(span) + ".\n"})
}

// stop ends the run; eval does not catch it.
func (in *Interp) stop(code string, span source.Span, help, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	panic(&Error{Diag: diag.Diagnostic{Code: code, Severity: diag.Error, Span: span, Message: msg, Help: help},
		Value: msg + atPlace(span) + ".\n", fatal: true})
}

// dieWith throws a value given to die.
func (in *Interp) dieWith(v Value, span source.Span) {
	var msg string
	if s, ok := v.(string); ok {
		if !strings.HasSuffix(s, "\n") {
			msg = s
			v = s + atPlace(span) + ".\n"
		} else {
			msg = strings.TrimRight(s, "\n")
		}
	} else {
		msg = "died with " + ToString(v)
	}
	panic(&Error{Diag: diag.Diagnostic{Code: CodeDie, Severity: diag.Error, Span: span, Message: msg}, Value: v})
}

// Fail makes an error with a code of the caller's own, for native subs; it dies at the place of the call.
func Fail(code string, span source.Span, help, format string, args ...any) *Error {
	msg := fmt.Sprintf(format, args...)
	return &Error{Diag: diag.Diagnostic{Code: code, Severity: diag.Error, Span: span, Message: msg, Help: help},
		Value: msg + atPlace(span) + ".\n"}
}

// rethrow turns an error of a native sub or a magic scalar into a death at span.
func (in *Interp) rethrow(err error, span source.Span) {
	var e *Error
	if errors.As(err, &e) {
		if e.Diag.Span.IsZero() {
			e.Diag.Span = span
		}
		if e.Value == nil {
			e.Value = e.Diag.Message + atPlace(span) + ".\n"
		}
		panic(e)
	}
	if err == errReadOnly {
		in.fail(CodeReadOnly, span, "Modification of a read-only value attempted")
	}
	in.dieWith(err.Error(), span)
}

func atPlace(span source.Span) string {
	if span.IsZero() {
		return " at built in line 0"
	}
	return fmt.Sprintf(" at %s line %d", span.File.Name, span.Pos().Line)
}

// guard runs f and gives what it died of. Everything local is undone.
func (in *Interp) guard(f func()) (err *Error) {
	locals, depth, stack, match := len(in.locals), in.depth, len(in.stack), in.match
	done := false
	defer func() {
		if done {
			return
		}
		r := recover()
		in.unwind(locals)
		in.depth, in.stack, in.match = depth, in.stack[:stack], match
		switch x := r.(type) {
		case *Error:
			err = x
		case *jump:
			err = &Error{Diag: diag.Diagnostic{Code: CodeLoopLabel, Severity: diag.Error, Span: x.span,
				Message: fmt.Sprintf("Can't %q outside a loop block", x.op)}}
			err.Value = err.Diag.Message + atPlace(x.span) + ".\n"
		default:
			err = &Error{Diag: diag.Diagnostic{Code: CodeInternal, Severity: diag.Error, Span: in.lastSpan(),
				Message: fmt.Sprintf("the evaluator failed: %v", r)}, fatal: true}
			err.Value = err.Diag.Message + "\n"
			if debugPanics {
				panic(r)
			}
		}
	}()
	f()
	done = true
	return nil
}

// debugPanics lets faults of the evaluator through, for its own tests.
var debugPanics = false

func (in *Interp) unwind(to int) {
	for len(in.locals) > to {
		f := in.locals[len(in.locals)-1]
		in.locals = in.locals[:len(in.locals)-1]
		f()
	}
}
