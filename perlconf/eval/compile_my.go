package eval

import (
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// my compiles my, our, local and state.
func (c *compiler) my(x *syntax.My) node {
	here := at{x.Span()}
	if !x.Paren && len(x.Vars) == 1 {
		if x.Kind == "local" {
			return c.local(x.Vars[0])
		}
		if v, ok := x.Vars[0].(*syntax.Var); ok {
			return c.myVar(x.Kind, v)
		}
	}
	l := &listNode{at: here}
	for _, e := range x.Vars {
		var n node
		switch v := e.(type) {
		case *syntax.Var:
			if x.Kind == "local" {
				n = c.local(v)
			} else {
				n = c.myVar(x.Kind, v)
			}
		case *syntax.Func: // undef
			n = &skipNode{at{e.Span()}}
		default:
			if x.Kind == "local" {
				n = c.local(e)
			} else {
				c.errorf(CodeCannotModify, e.Span(), "", "only variables can be declared by %s", x.Kind)
				continue
			}
		}
		l.elems = append(l.elems, n)
		l.origins = append(l.origins, originOf(n))
	}
	return l
}

// myVar declares one variable. An assignment compiles its right side first, so that `my $x = $x` means the outer one.
func (c *compiler) myVar(kind string, x *syntax.Var) node {
	here := at{x.Span()}
	name := string(x.Sigil) + x.Name
	switch kind {
	case "our":
		g := c.in.glob(c.pkg, x.Name)
		c.bind(&lexVar{name: name, glob: g})
		switch x.Sigil {
		case '@':
			return &globArray{here, g}
		case '%':
			return &globHash{here, g}
		}
		return &globScalar{here, g}
	case "state":
		v := &lexVar{name: name, state: newContainer(x.Sigil)}
		c.bind(v)
		return variableNode(here, x.Sigil, v, 0)
	}
	v := &lexVar{name: name, slot: c.newSlot()}
	c.bind(v)
	switch x.Sigil {
	case '@':
		return &myArray{at: here, slot: v.slot, v: v}
	case '%':
		return &myHash{at: here, slot: v.slot, v: v}
	}
	return &myScalar{at: here, slot: v.slot, v: v}
}

// local compiles local on one thing.
func (c *compiler) local(e syntax.Expr) node {
	here := at{e.Span()}
	c.scope.local = true
	switch x := single(e).(type) {
	case *syntax.Var:
		if v, _ := c.lookup(string(x.Sigil) + x.Name); v != nil && v.glob == nil {
			c.errorf(CodeCannotModify, e.Span(), "use my for a value of its own", "the my variable %c%s cannot be made local", x.Sigil, x.Name)
			return lit(here.sp, nil)
		}
	case *syntax.List:
		l := &listNode{at: here}
		for _, y := range x.Elems {
			n := c.local(y)
			l.elems = append(l.elems, n)
			l.origins = append(l.origins, originOf(n))
		}
		return l
	}
	switch n := c.expr(single(e)).(type) {
	case *globScalar, *hashElem, *arrayElem, *globNode:
		return &localScalar{here, n}
	case *globArray:
		return &localArray{here, n.g}
	case *globHash:
		return &localHash{here, n.g}
	case *hashSlice:
		return &localSlice{here, n}
	}
	return c.refuse(here.sp, "local on this", "Make the variable itself local.")
}

// assign compiles = and its relatives.
func (c *compiler) assign(x *syntax.Assign) node {
	here := at{x.Span()}
	if x.Op == "=" {
		return c.plainAssign(x)
	}
	op := x.Op[:len(x.Op)-1]
	switch op {
	case "||", "&&", "//":
		l := c.lvalue(x.L)
		c.cond++
		r := c.expr(x.R)
		c.cond--
		return &logAssign{here, l, r, op[0]}
	case "x":
		if n, ok := c.expr(single(x.L)).(arrayNode); ok {
			return &repeatAssign{here, n, c.expr(x.R)}
		}
	case "^^":
		return c.refuse(here.sp, "the operator "+x.Op, "")
	}
	f := c.binaryOp(op)
	if f == nil {
		return c.refuse(here.sp, "the operator "+x.Op, "")
	}
	l := c.lvalue(x.L)
	_, isLex := l.(*lexScalar)
	return &opAssign{here, l, c.expr(x.R), func(in *Interp, a, b Value, n *opAssign) Value { return f(in, a, b, n.sp) }, !isLex}
}

func (c *compiler) plainAssign(x *syntax.Assign) node {
	here := at{x.Span()}
	r := c.expr(x.R)
	if my, ok := x.L.(*syntax.My); ok && my.Kind == "state" && !my.Paren {
		target := c.expr(x.L)
		return &stateInit{at: here, target: target, assign: c.assignTo(here, target, r, x.L.Span())}
	}
	if isListTarget(x.L) {
		return &assignList{here, c.targets(x.L), r}
	}
	return c.assignTo(here, c.expr(x.L), r, x.L.Span())
}

// assignTo builds the assignment to something that is no list in parentheses.
func (c *compiler) assignTo(here at, target, r node, span source.Span) node {
	switch l := target.(type) {
	case arrayNode:
		return &assignArray{here, l, r}
	case hashNode:
		return &assignHash{here, l, r}
	case *arraySlice:
		if !l.kv {
			return &assignList{here, []node{l}, r}
		}
	case *hashSlice:
		if !l.kv {
			return &assignList{here, []node{l}, r}
		}
	case *localSlice:
		return &assignList{here, []node{l}, r}
	case *lexScalar, *myScalar, *fixedScalar:
		return &assignScalar{here, l.(lvalue), r, nil}
	case lvalue:
		return &assignScalar{here, l, r, &Origin{Span: here.sp, n: 1}}
	}
	if c.failed == nil {
		c.errorf(CodeCannotModify, span, "", "this cannot be assigned to")
	}
	return r
}

// isListTarget says that an assignment to e is a list assignment because of parentheses.
func isListTarget(e syntax.Expr) bool {
	switch x := e.(type) {
	case *syntax.List:
		return x.Paren || len(x.Elems) != 1
	case *syntax.My:
		return x.Paren || len(x.Vars) != 1 || x.Kind == "local" && isListTarget(x.Vars[0])
	}
	return false
}

// targets compiles the left side of a list assignment.
func (c *compiler) targets(e syntax.Expr) []node {
	switch x := e.(type) {
	case *syntax.List:
		var out []node
		for _, y := range x.Elems {
			out = append(out, c.targets(y)...)
		}
		return out
	case *syntax.Func:
		if x.Name == "undef" && len(x.Args) == 0 {
			return []node{&skipNode{at{x.Span()}}}
		}
	case *syntax.My:
		n := c.my(x)
		if l, ok := n.(*listNode); ok {
			return l.elems
		}
		return []node{n}
	}
	n := c.expr(e)
	switch l := n.(type) {
	case arrayNode, hashNode, lvalue, *arraySlice, *hashSlice, *localSlice:
		return []node{n}
	case *listNode:
		return l.elems
	}
	if c.failed == nil {
		c.errorf(CodeCannotModify, e.Span(), "", "this cannot be assigned to")
	}
	return nil
}
