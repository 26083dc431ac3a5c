package syntax

import (
	"fmt"
	"strings"
)

// perl writes a tree as Perl text with every operator in parentheses, so that perl itself can say whether it was read
// as perl reads it. It is for tests: comments and layout are lost.
func perlBlock(b *Block) string {
	var s strings.Builder
	for _, st := range b.Stmts {
		s.WriteString(perlStmt(st))
		s.WriteString("\n")
	}
	return s.String()
}

func label(l string) string {
	if l == "" {
		return ""
	}
	return l + ": "
}

func perlCont(b *Block) string {
	if b == nil {
		return ""
	}
	return " continue {\n" + perlBlock(b) + "}"
}

func perlStmt(st Stmt) string {
	switch s := st.(type) {
	case *ExprStmt:
		return px(s.X) + ";"
	case *If:
		if s.Postfix {
			w := "if"
			if s.Clauses[0].Negate {
				w = "unless"
			}
			return px(s.Clauses[0].Body.Stmts[0].(*ExprStmt).X) + " " + w + " " + px(s.Clauses[0].Cond) + ";"
		}
		out := ""
		for i, c := range s.Clauses {
			w := "if"
			if i > 0 {
				w = " elsif"
			} else if c.Negate {
				w = "unless"
			}
			out += w + " (" + px(c.Cond) + ") {\n" + perlBlock(c.Body) + "}"
		}
		if s.Else != nil {
			out += " else {\n" + perlBlock(s.Else) + "}"
		}
		return out
	case *While:
		w := "while"
		if s.Until {
			w = "until"
		}
		c := ""
		if s.Cond != nil {
			c = px(s.Cond)
		}
		switch {
		case s.DoBlock:
			return "do {\n" + perlBlock(s.Body) + "} " + w + " (" + c + ");"
		case s.Postfix:
			return px(s.Body.Stmts[0].(*ExprStmt).X) + " " + w + " (" + c + ");"
		}
		return label(s.Label) + w + " (" + c + ") {\n" + perlBlock(s.Body) + "}" + perlCont(s.Continue)
	case *ForC:
		e := func(x Expr) string {
			if x == nil {
				return ""
			}
			return px(x)
		}
		return label(s.Label) + "for (" + e(s.Init) + "; " + e(s.Cond) + "; " + e(s.Step) + ") {\n" + perlBlock(s.Body) + "}"
	case *Foreach:
		l := ""
		if s.List != nil {
			l = px(s.List)
		}
		if s.Postfix {
			return px(s.Body.Stmts[0].(*ExprStmt).X) + " for " + l + ";"
		}
		v := ""
		if s.Var != nil {
			v = px(s.Var) + " "
		}
		return label(s.Label) + "foreach " + v + "(" + l + ") {\n" + perlBlock(s.Body) + "}" + perlCont(s.Continue)
	case *BlockStmt:
		return label(s.Label) + "{;\n" + perlBlock(s.Body) + "}" + perlCont(s.Continue)
	case *SubDecl:
		proto := ""
		if s.HasProto {
			proto = "(" + s.Proto + ") "
		}
		if s.Body == nil {
			return "sub " + s.Name + " " + proto + ";"
		}
		return "sub " + s.Name + " " + proto + "{\n" + perlBlock(s.Body) + "}"
	case *Package:
		if s.Body != nil {
			return "package " + s.Name + " {\n" + perlBlock(s.Body) + "}"
		}
		return "package " + s.Name + ";"
	case *Use:
		w := "use "
		if s.No {
			w = "no "
		}
		w += s.Module + " " + s.Version
		if s.Parens0 {
			w += " ()"
		}
		if s.Args != nil {
			w += " " + px(s.Args)
		}
		return w + ";"
	case *Nop:
		return ";"
	}
	return fmt.Sprintf("<<%T>>", st)
}

func plist(xs []Expr) string {
	var s []string
	for _, x := range xs {
		s = append(s, px(x))
	}
	return strings.Join(s, ", ")
}

func pstr(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _") == "" {
		return "'" + s + "'"
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; isWordC(c) || c == ' ' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "\\x%02x", c)
		}
	}
	return `"` + b.String() + `"`
}

// pof writes a container with another sigil: $x of @x.
func pof(sigil string, x Expr) string {
	switch v := x.(type) {
	case *Var:
		return sigil + "{" + v.Name + "}"
	case *Deref:
		return sigil + "{" + pblockx(v.X) + "}"
	}
	return "??"
}

// pblockx writes an expression that stands in a block of its own.
func pblockx(x Expr) string {
	if d, ok := x.(*DoBlock); ok {
		return perlBlock(d.Body)
	}
	switch x.(type) {
	case *AnonHash:
		return px(x)
	case *Bareword:
		return px(x)
	}
	return px(x)
}

// pelem writes an element or slice of x.
func pelem(x *Elem, in func(Expr) string) string {
	k := "[" + px(x.Key) + "]"
	if x.Hash {
		k = "{" + pkey(x.Key) + "}"
	}
	switch v := x.Of.(type) {
	case *Var:
		if v.Sigil == '*' {
			return "*" + v.Name + k
		}
		return "$" + v.Name + k
	case *Deref:
		return in(v.X) + "->" + k
	}
	return "??"
}

// pin writes an expression for use inside a string.
func pin(x Expr) string {
	switch x := x.(type) {
	case *Var:
		if !isWordC(x.Name[0]) && x.Name[0] != '^' {
			return string(x.Sigil) + x.Name
		}
		if x.Sigil == '#' {
			return px(x)
		}
		return string(x.Sigil) + "{" + x.Name + "}"
	case *Elem:
		return pelem(x, func(y Expr) string {
			switch y := y.(type) {
			case *Var:
				return "$" + y.Name
			case *Elem:
				return pin(y)
			}
			return "${\\ scalar(" + px(y) + ")}"
		})
	case *Slice:
		if v, ok := x.Of.(*Var); ok {
			if x.Hash {
				return "@" + v.Name + "{" + pkey(x.Keys) + "}"
			}
			return "@" + v.Name + "[" + px(x.Keys) + "]"
		}
	}
	return px(x)
}

func pparts(in *Interp, pattern bool) string {
	var b strings.Builder
	for _, p := range in.Parts {
		if p.X == nil {
			if pattern {
				b.WriteString(p.Text)
			} else {
				q := pstr(p.Text)
				b.WriteString(q[1 : len(q)-1])
			}
			continue
		}
		for i := 0; i < len(p.Case); i++ {
			b.WriteString("\\" + string(p.Case[i]))
		}
		b.WriteString(pin(p.X))
		for i := 0; i < len(p.Case); i++ {
			if strings.IndexByte("LUQF", p.Case[i]) >= 0 {
				b.WriteString("\\E")
			}
		}
	}
	return b.String()
}

func delims(d byte, text string) (string, string) {
	if d != '\'' {
		for _, c := range "/!,~;@%" {
			if !strings.ContainsRune(text, c) {
				return string(c), string(c)
			}
		}
	}
	return string(d), string(closer(d))
}

func px(x Expr) string {
	switch x := x.(type) {
	case *Num:
		return x.Text
	case *Str:
		if x.Bareword {
			return "'" + x.Value + "'"
		}
		return pstr(x.Value)
	case *Interp:
		return "qq{" + pparts(x, false) + "}"
	case *QW:
		s := []string{}
		for _, w := range x.Words {
			s = append(s, pstr(w.Value))
		}
		return "(" + strings.Join(s, ", ") + ")"
	case *Backtick:
		if s, ok := x.Command.(*Str); ok {
			q := pstr(s.Value)
			return "`" + q[1:len(q)-1] + "`"
		}
		return "`" + pparts(x.Command.(*Interp), false) + "`"
	case *Regexp:
		t := pparts(x.Pattern, true)
		o, c := delims(x.Delim, t)
		return x.Op + o + t + c + x.Flags
	case *Subst:
		t := pparts(x.Pattern, true)
		r := ""
		if strings.Contains(x.Flags, "e") {
			r = pblockx(x.Replacement)
		} else if v, ok := x.Replacement.(*Str); ok {
			r = v.Value
			if x.Delim != '\'' {
				r = strings.Trim(pstr(r), "'\"")
			}
		} else {
			r = pparts(x.Replacement.(*Interp), false)
		}
		o, c := delims(x.Delim, t+r)
		return "s" + o + t + c + r + c + x.Flags
	case *Trans:
		f := func(rs []TransRange) string {
			s := ""
			for _, r := range rs {
				s += fmt.Sprintf("\\x%02x", r.Lo)
				if r.Hi != r.Lo {
					s += fmt.Sprintf("-\\x%02x", r.Hi)
				}
			}
			return s
		}
		return "tr/" + f(x.From) + "/" + f(x.To) + "/" + x.Flags
	case *Var:
		if x.Sigil == '#' {
			return "$#{" + x.Name + "}"
		}
		if x.Sigil == '@' && (x.Name == "-" || x.Name == "+") || x.Sigil == '%' && !isWordC(x.Name[0]) {
			return string(x.Sigil) + x.Name
		}
		if isAlpha(x.Name[0]) {
			return string(x.Sigil) + x.Name
		}
		if x.Name[0] == '^' && len(x.Name) == 2 {
			return string(x.Sigil) + x.Name
		}
		return string(x.Sigil) + "{" + x.Name + "}"
	case *Deref:
		s := string(x.Sigil)
		if x.Sigil == '#' {
			s = "$#"
		}
		return s + "{" + pblockx(x.X) + "}"
	case *Elem:
		return pelem(x, px)
	case *Slice:
		s := "@"
		if x.KV {
			s = "%"
		}
		if x.Hash {
			return pof(s, x.Of) + "{" + pkey(x.Keys) + "}"
		}
		return pof(s, x.Of) + "[" + px(x.Keys) + "]"
	case *ListSlice:
		l := "()"
		if x.List != nil {
			l = px(x.List)
		}
		return l + "[" + px(x.Keys) + "]"
	case *My:
		if x.Paren {
			return x.Kind + " (" + plist(x.Vars) + ")"
		}
		return x.Kind + " " + px(x.Vars[0])
	case *List:
		return "(" + plist(x.Elems) + ")"
	case *AnonArray:
		return "[" + plist(x.Elems) + "]"
	case *AnonHash:
		return "+{" + plist(x.Elems) + "}"
	case *AnonSub:
		p := ""
		if x.HasProto {
			p = "(" + x.Proto + ") "
		}
		return "sub " + p + "{\n" + perlBlock(x.Body) + "}"
	case *Unary:
		if x.Postfix {
			return "(" + px(x.X) + x.Op + ")"
		}
		if s, ok := x.X.(*Str); ok && s.Bareword && x.Op == "-" {
			return "'-" + s.Value + "'"
		}
		if n, ok := x.X.(*Num); ok && x.Op == "-" {
			return "-" + n.Text
		}
		if x.Op == "\\" {
			return "(\\ " + px(x.X) + ")"
		}
		if x.Op == "+" {
			return px(x.X)
		}
		if b, ok := x.X.(*Bareword); ok && x.Op == "-" {
			return "(-" + b.Name + ")"
		}
		return "(" + x.Op + " " + px(x.X) + ")"
	case *Binary:
		if x.Op == "=~" || x.Op == "!~" {
			return "(" + px(x.L) + " " + x.Op + " " + px(x.R) + ")"
		}
		return "(" + px(x.L) + " " + x.Op + " " + px(x.R) + ")"
	case *Assign:
		return "(" + px(x.L) + " " + x.Op + " " + px(x.R) + ")"
	case *Cond:
		return "(" + px(x.C) + " ? " + px(x.A) + " : " + px(x.B) + ")"
	case *Func:
		return pfunc(x)
	case *CallCode:
		if x.AmpBare {
			return "&{" + pblockx(x.Code) + "}"
		}
		return px(x.Code) + "->(" + plist(x.Args) + ")"
	case *Method:
		n := x.Name
		if x.Dyn != nil {
			n = px(x.Dyn)
		}
		return px(x.Inv) + "->" + n + "(" + plist(x.Args) + ")"
	case *Bareword:
		return x.Name
	case *FileTest:
		if x.X == nil {
			return "(-" + string(x.Op) + ")"
		}
		return "(-" + string(x.Op) + " " + px(x.X) + ")"
	case *Readline:
		switch {
		case x.Handle == nil:
			return "<>"
		case x.Glob:
			if s, ok := x.Handle.(*Str); ok {
				return "<" + s.Value + ">"
			}
			return "<" + pparts(x.Handle.(*Interp), false) + ">"
		}
		return "<" + px(x.Handle) + ">"
	case *DoBlock:
		return "do {\n" + perlBlock(x.Body) + "}"
	case *EvalBlock:
		return "eval {\n" + perlBlock(x.Body) + "}"
	case *Jump:
		s := x.Op
		if x.Label != "" {
			s += " " + x.Label
		}
		if x.X != nil {
			s += " " + px(x.X)
		}
		return "(" + s + ")"
	}
	return fmt.Sprintf("<<%T>>", x)
}

func pkey(x Expr) string {
	switch b := x.(type) {
	case *Bareword:
		return "+" + b.Name
	case *Func:
		return "+" + px(x)
	case *Unary:
		if b.Op == "+" {
			return "+" + px(b.X)
		}
	}
	return px(x)
}

func pfunc(f *Func) string {
	if f.Amp {
		if f.AmpBare {
			return "&" + f.Name
		}
		return "&" + f.Name + "(" + plist(f.Args) + ")"
	}
	lead := ""
	if f.Block != nil {
		lead = "{;\n" + perlBlock(f.Block) + "} "
		if builtins[f.Name] == classNone {
			lead = "sub " + lead
			if len(f.Args) > 0 {
				lead += ", "
			}
		}
	}
	if f.FileHandle != nil {
		switch h := f.FileHandle.(type) {
		case *Bareword:
			lead = h.Name + " "
		case *Var:
			lead = "{" + px(h) + "} "
			if f.Name == "sort" {
				lead = px(h) + " "
			}
		default:
			lead = "{" + pblockx(h) + "} "
		}
	}
	c, builtin := builtins[f.Name]
	switch {
	case len(f.Args) == 0 && lead == "" && !f.Parens:
		if builtin && c == classList || f.Name == "eval" {
			return f.Name
		}
		return f.Name
	case f.Name == "require" && len(f.Args) == 1:
		return "require " + px(f.Args[0])
	case f.Name == "undef" || f.Name == "defined" || f.Name == "do" || f.Name == "scalar":
		if len(f.Args) == 1 {
			return "(" + f.Name + " " + px(f.Args[0]) + ")"
		}
	}
	return f.Name + "(" + lead + plist(f.Args) + ")"
}
