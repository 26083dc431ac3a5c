package eval

import (
	"context"
	"fmt"

	"mavis/perlconf/source"
)

// CallSub calls a sub with copies of the arguments. What the sub died of comes as *Error.
func (in *Interp) CallSub(c *Code, want Context, args ...Value) (out []Value, err error) {
	in.begin()
	e := in.guard(func() {
		aliases := wrap(args, nil)
		if want == ListContext {
			out = in.callList(c, &Array{Elems: aliases}, want, source.Span{}, "")
		} else {
			out = []Value{in.callScalar(c, &Array{Elems: aliases}, want, source.Span{}, "")}
		}
	})
	if e != nil {
		return nil, e
	}
	return out, nil
}

// begin gives a run that comes from outside its full number of steps.
func (in *Interp) begin() {
	if len(in.stack) == 0 {
		in.steps = 0
	}
}

// SetContext replaces the context of Options for the runs to come.
func (in *Interp) SetContext(ctx context.Context) { in.opt.Context = ctx }

// current gives what a sub that was named before it was defined stands for by now.
func (in *Interp) current(c *Code) *Code {
	if c.fn == nil && c.Native == nil && c.Name != "" {
		if now := in.Sub(c.Package, c.Name); now != nil {
			return now
		}
	}
	return c
}

func (in *Interp) callScalar(c *Code, args *Array, want Context, span source.Span, name string) Value {
	c = in.current(c)
	if c.Native != nil {
		vals := in.native(c, args, want, span, name)
		if len(vals) == 0 {
			return nil
		}
		return vals[len(vals)-1]
	}
	return in.enter(c, args, want, span).rv
}

func (in *Interp) callList(c *Code, args *Array, _ Context, span source.Span, name string) []Value {
	c = in.current(c)
	if c.Native != nil {
		return in.native(c, args, ListContext, span, name)
	}
	return in.enter(c, args, ListContext, span).ret
}

func (in *Interp) native(c *Code, args *Array, want Context, span source.Span, name string) []Value {
	in.step(1)
	cur := in.cur
	call := &Call{In: in, Want: want, Span: span, Name: name}
	if args != nil {
		for i := range args.Elems {
			args.At(i)
		}
		call.Args = args.Elems
	}
	vals, err := c.Native(call)
	in.cur = cur
	if err != nil {
		in.rethrow(err, span)
	}
	return vals
}

// enter runs a compiled sub.
func (in *Interp) enter(c *Code, args *Array, want Context, span source.Span) *frame {
	if c.fn == nil {
		name := c.Package + "::" + c.Name
		in.fail(CodeNoSub, span, "Undefined subroutine &%s called", name)
	}
	if args == nil {
		args = &Array{}
	}
	fn := c.fn
	f := &frame{in: in, fn: fn, code: c, slots: make([]any, fn.nslots), args: args, want: want, from: in.cur, pkg: fn.pkg}
	if !span.IsZero() {
		f.from = span
	}
	for i, cp := range fn.caps {
		f.slots[cp.inner] = c.caps[i]
	}
	in.runBody(f)
	return f
}

// runBody runs the body of a frame; its result stands in the frame.
func (in *Interp) runBody(f *frame) {
	in.step(1)
	if in.depth >= in.opt.MaxDepth {
		in.stop(CodeDepth, in.cur, "Look for a sub that calls itself without end.", "calls are nested more than %d deep", in.opt.MaxDepth)
	}
	in.depth++
	in.stack = append(in.stack, f)
	cur, match, locals := in.cur, in.match, len(in.locals)
	var c ctl
	if f.fn.catches {
		c = f.catching(func() ctl { return f.fn.body.exec(f, f.want) })
	} else {
		c = f.fn.body.exec(f, f.want)
	}
	if c == ctlNext || c == ctlLast || c == ctlRedo {
		op := [...]string{ctlNext: "next", ctlLast: "last", ctlRedo: "redo"}[c]
		if f.label != "" {
			in.fail(CodeLoopLabel, in.cur, "Label not found for \"%s %s\"", op, f.label)
		}
		in.fail(CodeLoopLabel, in.cur, "Can't \"%s\" outside a loop block", op)
	}
	in.unwind(locals)
	in.cur, in.match = cur, match
	in.stack = in.stack[:len(in.stack)-1]
	in.depth--
}

// catching runs code and turns a return thrown out of an expression into an ending.
func (f *frame) catching(run func() ctl) (c ctl) {
	in := f.in
	locals, depth, stack := len(in.locals), in.depth, len(in.stack)
	done := false
	defer func() {
		if done {
			return
		}
		r := recover()
		j, ok := r.(*jump)
		if !ok || j.frame != f || j.kind != ctlReturn {
			panic(r)
		}
		in.unwind(locals)
		in.depth, in.stack = depth, in.stack[:stack]
		c = ctlReturn
	}()
	c = run()
	done = true
	return c
}

// codeOf gives the sub that a value stands for: a code reference, or without strict refs a name.
func (in *Interp) codeOf(v Value, strict bool, pkg string, span source.Span) *Code {
	switch x := v.(type) {
	case *Code:
		return x
	case GlobValue:
		if x.G.cv != nil {
			return x.G.cv
		}
	case *Glob:
		if x.cv != nil {
			return x.cv
		}
	case nil:
		in.fail(CodeStrictRefs, span, "Can't use an undefined value as a subroutine reference")
	case *Scalar, *Array, *Hash, *Regexp:
		in.fail(CodeStrictRefs, span, "Not a CODE reference")
	default:
		name := ToString(v)
		if strict {
			in.fail(CodeStrictRefs, span, "Can't use string (%s) as a subroutine ref while \"strict refs\" in use", quoteShort(name))
		}
		if c := in.Sub(pkg, name); c != nil {
			return c
		}
		p, n := splitName(pkg, name)
		in.fail(CodeNoSub, span, "Undefined subroutine &%s::%s called", p, n)
	}
	in.fail(CodeNoSub, span, "Undefined subroutine called")
	return nil
}

// quoteShort quotes text as Perl does in messages: at most 32 characters.
func quoteShort(s string) string {
	if len(s) > 32 {
		return fmt.Sprintf("\"%s\"...", s[:32])
	}
	return fmt.Sprintf("\"%s\"", s)
}
