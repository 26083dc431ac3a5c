package eval

import (
	"mavis/perlconf/source"
)

// whileStmt is while, until and the C form of for.
type whileStmt struct {
	sp      source.Span
	label   string
	init    node
	cond    node
	until   bool
	body    *blockNode
	cont    *blockNode
	step    node
	doBlock bool
	loopInfo
}

func (s *whileStmt) exec(f *frame, want Context) ctl {
	in := f.in
	mark, match := len(in.locals), in.match
	c := s.loop(f)
	in.unwind(mark)
	in.match = match
	if want != Void && c == ctlNone {
		f.rv, f.ret = "", nil
	}
	return c
}

func (s *whileStmt) loop(f *frame) ctl {
	in := f.in
	in.cur = s.sp
	if s.init != nil {
		evalVoid(s.init, f)
	}
	first := s.doBlock
	for {
		in.step(1)
		in.cur = s.sp
		if !first && s.cond != nil && ToBool(s.cond.scalar(f)) == s.until {
			return ctlNone
		}
		first = false
	again:
		c := s.run(f, s.body, Void)
		switch s.mine(f, c, s.label) {
		case ctlLast:
			return ctlNone
		case ctlRedo:
			in.step(1)
			goto again
		case ctlReturn:
			return c
		}
		if s.cont != nil {
			s.cont.exec(f, Void)
		}
		if s.step != nil {
			evalVoid(s.step, f)
		}
	}
}

// foreachStmt is foreach: the variable becomes each element in turn.
type foreachStmt struct {
	sp    source.Span
	label string
	slot  int   // of a my variable, -1 when global
	glob  *Glob // the variable else
	list  node  // nil when empty
	body  *blockNode
	cont  *blockNode
	loopInfo
}

func (s *foreachStmt) exec(f *frame, want Context) ctl {
	in := f.in
	in.step(1)
	in.cur = s.sp
	var restore func()
	mark, match := len(in.locals), in.match
	if s.slot < 0 {
		old := s.glob.sv
		restore = func() { s.glob.sv = old }
	} else {
		old := f.slots[s.slot]
		restore = func() { f.slots[s.slot] = old }
	}
	in.locals = append(in.locals, restore)
	c := s.loop(f)
	in.unwind(mark)
	in.match = match
	if want != Void && c == ctlNone {
		f.rv, f.ret = "", nil
	}
	return c
}

func (s *foreachStmt) loop(f *frame) ctl {
	if s.list == nil {
		return ctlNone
	}
	if r, ok := s.list.(*rangeNode); ok {
		if lo, hi, ok := r.bounds(f); ok {
			for i := lo; i <= hi; i++ {
				if c, stop := s.turn(f, &Scalar{V: i}); stop {
					return c
				}
				if i == hi { // hi may be the largest integer
					break
				}
			}
			return ctlNone
		}
	}
	if a, ok := s.list.(arrayNode); ok { // grows while the loop runs
		arr := a.arr(f, toMake)
		for i := 0; i < len(arr.Elems); i++ {
			if c, stop := s.turn(f, arr.At(i)); stop {
				return c
			}
		}
		return ctlNone
	}
	for _, e := range evalAliases(s.list, f, nil) {
		if c, stop := s.turn(f, e); stop {
			return c
		}
	}
	return ctlNone
}

func (s *foreachStmt) turn(f *frame, e *Scalar) (ctl, bool) {
	in := f.in
	for {
		in.step(1)
		if s.slot >= 0 {
			f.slots[s.slot] = e
		} else {
			s.glob.sv = e
		}
		c := s.run(f, s.body, Void)
		switch s.mine(f, c, s.label) {
		case ctlRedo:
			continue
		case ctlLast:
			return ctlNone, true
		case ctlReturn:
			return c, true
		}
		if s.cont != nil {
			s.cont.exec(f, Void)
		}
		return ctlNone, false
	}
}
