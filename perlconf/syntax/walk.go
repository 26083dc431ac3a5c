package syntax

// Walk visits n and all nodes below it in order of the text; f says whether to go below a node.
func Walk(n Node, f func(Node) bool) {
	if n == nil || !f(n) {
		return
	}
	w := walker{f}
	switch n := n.(type) {
	case *Block:
		for _, s := range n.Stmts {
			Walk(s, f)
		}
	case Stmt:
		w.stmt(n)
	case Expr:
		w.below(n)
	}
}

type walker struct{ f func(Node) bool }

func (w walker) expr(x Expr) {
	if x != nil {
		Walk(x, w.f)
	}
}

func (w walker) exprs(xs []Expr) {
	for _, x := range xs {
		w.expr(x)
	}
}

func (w walker) block(b *Block) {
	if b != nil {
		Walk(b, w.f)
	}
}

func (w walker) stmt(n Stmt) {
	switch n := n.(type) {
	case *ExprStmt:
		w.expr(n.X)
	case *If:
		for _, c := range n.Clauses {
			w.expr(c.Cond)
			w.block(c.Body)
		}
		w.block(n.Else)
	case *While:
		w.expr(n.Cond)
		w.block(n.Body)
		w.block(n.Continue)
	case *ForC:
		w.expr(n.Init)
		w.expr(n.Cond)
		w.expr(n.Step)
		w.block(n.Body)
	case *Foreach:
		w.expr(n.Var)
		w.expr(n.List)
		w.block(n.Body)
		w.block(n.Continue)
	case *BlockStmt:
		w.block(n.Body)
		w.block(n.Continue)
	case *SubDecl:
		w.block(n.Body)
	case *Package:
		w.block(n.Body)
	case *Use:
		w.expr(n.Args)
	}
}

func (w walker) interp(in *Interp) {
	if in == nil {
		return
	}
	for _, p := range in.Parts {
		w.expr(p.X)
	}
}

func (w walker) below(n Expr) {
	switch n := n.(type) {
	case *Interp:
		w.interp(n)
	case *Backtick:
		w.expr(n.Command)
	case *Regexp:
		w.interp(n.Pattern)
	case *Subst:
		w.interp(n.Pattern)
		w.expr(n.Replacement)
	case *Deref:
		w.expr(n.X)
	case *Elem:
		w.expr(n.Of)
		w.expr(n.Key)
	case *Slice:
		w.expr(n.Of)
		w.expr(n.Keys)
	case *ListSlice:
		w.expr(n.List)
		w.expr(n.Keys)
	case *My:
		w.exprs(n.Vars)
	case *List:
		w.exprs(n.Elems)
	case *AnonArray:
		w.exprs(n.Elems)
	case *AnonHash:
		w.exprs(n.Elems)
	case *AnonSub:
		w.block(n.Body)
	case *Unary:
		w.expr(n.X)
	case *Binary:
		w.expr(n.L)
		w.expr(n.R)
	case *Assign:
		w.expr(n.L)
		w.expr(n.R)
	case *Cond:
		w.expr(n.C)
		w.expr(n.A)
		w.expr(n.B)
	case *Func:
		w.expr(n.FileHandle)
		w.block(n.Block)
		w.exprs(n.Args)
	case *CallCode:
		w.expr(n.Code)
		w.exprs(n.Args)
	case *Method:
		w.expr(n.Inv)
		w.expr(n.Dyn)
		w.exprs(n.Args)
	case *FileTest:
		w.expr(n.X)
	case *Readline:
		w.expr(n.Handle)
	case *DoBlock:
		w.block(n.Body)
	case *EvalBlock:
		w.block(n.Body)
	case *Jump:
		w.expr(n.X)
	}
}
