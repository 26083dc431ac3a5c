package eval

import (
	"mavis/perlconf/source"
)

// ctl says how a statement ended.
type ctl int

const (
	ctlNone ctl = iota
	ctlNext
	ctlLast
	ctlRedo
	ctlReturn
)

// stmt is a statement made ready to run. want is not Void for the statement that gives its block the value: it leaves
// it in the frame.
type stmt interface {
	exec(f *frame, want Context) ctl
}

// jump is a next, last, redo or return thrown out of an expression.
type jump struct {
	kind  ctl
	label string
	frame *frame
	op    string
	span  source.Span
}

// blockNode is a block or a body.
type blockNode struct {
	stmts    []stmt
	hasLocal bool
	hasMatch bool
	guarded  bool // the body of a file whose statements may fail one by one
}

func (b *blockNode) exec(f *frame, want Context) ctl {
	mark, match := 0, f.in.match
	if b.hasLocal {
		mark = len(f.in.locals)
	}
	if want != Void && len(b.stmts) == 0 {
		f.rv, f.ret = nil, nil
	}
	var c ctl
	last := len(b.stmts) - 1
	for i, s := range b.stmts {
		w := Void
		if i == last {
			w = want
		}
		if b.guarded {
			c = f.in.attempt(s, f, w)
		} else {
			c = s.exec(f, w)
		}
		if c != ctlNone {
			break
		}
	}
	if b.hasLocal {
		f.in.unwind(mark)
	}
	if b.hasMatch {
		f.in.match = match
	}
	return c
}

// exprStmt is an expression as a statement.
type exprStmt struct {
	x  node
	sp source.Span
}

func (s *exprStmt) exec(f *frame, want Context) ctl {
	f.in.step(1)
	f.in.cur = s.sp
	if want == Void {
		evalVoid(s.x, f)
	} else {
		evalIn(s.x, f, want)
	}
	return ctlNone
}

// ifStmt is if, unless and their modifiers.
type ifStmt struct {
	sp      source.Span
	clauses []ifClause
	other   *blockNode
}

type ifClause struct {
	cond   node
	negate bool
	body   *blockNode
}

func (s *ifStmt) exec(f *frame, want Context) ctl {
	f.in.step(1)
	for i := range s.clauses {
		cl := &s.clauses[i]
		f.in.cur = s.sp
		v := cl.cond.scalar(f)
		if ToBool(v) != cl.negate {
			return cl.body.exec(f, want)
		}
		if want != Void && i == len(s.clauses)-1 && s.other == nil {
			f.rv, f.ret = v, []Value{v}
		}
	}
	if s.other != nil {
		return s.other.exec(f, want)
	}
	return ctlNone
}

// jumpStmt is next, last, redo and return as a statement.
type jumpStmt struct {
	kind  ctl
	label string
	x     node // of return
	sp    source.Span
}

func (s *jumpStmt) exec(f *frame, _ Context) ctl {
	f.in.step(1)
	f.in.cur = s.sp
	if s.kind == ctlReturn {
		f.rv, f.ret = nil, nil
		if s.x != nil {
			evalIn(s.x, f, f.want)
		}
	} else {
		f.label = s.label
	}
	return s.kind
}

// andStmt is `COND and STATEMENT` and its relatives, so that jumps in them need not be thrown.
type andStmt struct {
	cond  node
	onFor bool // the statement runs when cond is this
	then  stmt
	sp    source.Span
}

func (s *andStmt) exec(f *frame, want Context) ctl {
	f.in.step(1)
	f.in.cur = s.sp
	v := s.cond.scalar(f)
	if ToBool(v) == s.onFor {
		return s.then.exec(f, want)
	}
	if want != Void {
		f.rv, f.ret = v, []Value{v}
	}
	return ctlNone
}

// blockStmt is a bare block: a loop that runs once.
type blockStmt struct {
	label string
	body  *blockNode
	cont  *blockNode
	loopInfo
}

func (s *blockStmt) exec(f *frame, want Context) ctl {
	f.in.step(1)
	for {
		c := s.run(f, s.body, want)
		switch s.mine(f, c, s.label) {
		case ctlRedo:
			continue
		case ctlLast:
			return ctlNone
		case ctlNext, ctlNone:
			if s.cont != nil {
				s.cont.exec(f, Void)
			}
			return ctlNone
		}
		return c
	}
}

// loopInfo is common to all loops.
type loopInfo struct {
	catches *bool // jumps come out of expressions in the body
}

// mine says what a loop makes of how its body ended: ctlReturn when it is not meant for it.
func (l *loopInfo) mine(f *frame, c ctl, label string) ctl {
	if c == ctlNone || c == ctlReturn {
		return c
	}
	if f.label == "" || f.label == label {
		f.label = ""
		return c
	}
	return ctlReturn
}

// run executes the body and turns thrown jumps into endings.
func (l *loopInfo) run(f *frame, body *blockNode, want Context) (c ctl) {
	if l.catches == nil || !*l.catches {
		return body.exec(f, want)
	}
	in := f.in
	locals, depth, stack, match := len(in.locals), in.depth, len(in.stack), in.match
	done := false
	defer func() {
		if done {
			return
		}
		r := recover()
		j, ok := r.(*jump)
		if !ok || j.frame != f || j.kind == ctlReturn {
			panic(r)
		}
		in.unwind(locals)
		in.depth, in.stack, in.match = depth, in.stack[:stack], match
		f.label = j.label
		c = j.kind
	}()
	c = body.exec(f, want)
	done = true
	return c
}
