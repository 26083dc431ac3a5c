package eval

import (
	"strconv"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/syntax"
)

// use compiles use and no; what they do is done at once.
func (c *compiler) use(x *syntax.Use) stmt {
	switch x.Module {
	case "":
		c.usePerl(x)
	case "strict":
		c.useStrict(x)
	case "warnings", "utf8", "bytes", "feature", "integer", "re", "locale", "diagnostics", "subs", "sigtrap",
		"experimental", "open", "encoding", "mro", "version", "English", "bigint", "bignum", "less", "sort", "vmsish",
		"Exporter", "autodie", "Carp::Heavy", "if", "parent", "base", "fields", "overload", "attributes", "threads":
		c.usePragma(x)
	case "vars":
		for _, v := range c.useArgs(x) {
			if s := ToString(v); len(s) > 1 {
				g := c.in.glob(c.pkg, s[1:])
				if i := sigilIndex(s[0]); i >= 0 {
					g.imported[i] = true
				}
			}
		}
	case "constant":
		c.useConstant(x)
	case "lib":
		if !x.No {
			inc := c.in.Array("main", "INC")
			inc.Elems = append(wrap(c.useArgs(x), nil), inc.Elems...)
		}
	default:
		if !c.in.knowsModule(x.Module) {
			c.errorf(CodeModule, x.Span(), "Only modules without which a configuration cannot be read are known here.",
				"the module %s is not known", x.Module)
			return nil
		}
		c.importModule(x)
	}
	return nil
}

func (c *compiler) usePerl(x *syntax.Use) {
	v := strings.TrimPrefix(x.Version, "v")
	major, rest, _ := strings.Cut(v, ".")
	minor := 0
	if strings.HasPrefix(x.Version, "v") || strings.Count(v, ".") > 1 {
		rest, _, _ = strings.Cut(rest, ".")
		minor, _ = strconv.Atoi(rest)
	} else if len(rest) >= 3 {
		minor, _ = strconv.Atoi(rest[:3])
	} else if rest != "" {
		minor, _ = strconv.Atoi((rest + "000")[:3])
	}
	if x.No {
		return
	}
	if n, _ := strconv.Atoi(major); n > 5 || n == 5 && minor > 40 {
		c.errorf(CodeModule, x.Span(), "", "the file wants Perl %s; what is run here is 5.36", x.Version)
		return
	}
	if major == "5" && minor >= 11 {
		c.strict = strictAll
	}
}

func (c *compiler) useStrict(x *syntax.Use) {
	var bits strictness
	for _, v := range c.useArgs(x) {
		switch ToString(v) {
		case "refs":
			bits |= strictRefs
		case "vars":
			bits |= strictVars
		case "subs":
			bits |= strictSubs
		default:
			c.errorf(CodeArgs, x.Span(), "strict knows vars, refs and subs", "unknown argument %s for strict", ToString(v))
		}
	}
	if bits == 0 {
		bits = strictAll
	}
	if x.No {
		c.strict &^= bits
	} else {
		c.strict |= bits
	}
}

func (c *compiler) usePragma(x *syntax.Use) {
	switch x.Module {
	case "integer", "bigint", "bignum", "threads", "English", "sigtrap", "autodie", "if":
		if !x.No {
			c.errorf(CodeNotRun, x.Span(), "Write the file without it.", "use %s is not run here", x.Module)
		}
	case "parent", "base":
		isa := c.in.Array(c.pkg, "ISA")
		for _, v := range c.useArgs(x) {
			if s := ToString(v); s != "-norequire" {
				isa.Push(s)
			}
		}
	}
}

// useArgs evaluates the arguments of use at once.
func (c *compiler) useArgs(x *syntax.Use) []Value {
	if x.Args == nil {
		return nil
	}
	vals, err := c.evalNow(x.Args)
	if err != nil {
		c.report(err.Diag)
		c.failed = err
	}
	return vals
}

// evalNow runs an expression while the file is being compiled.
func (c *compiler) evalNow(e syntax.Expr) (vals []Value, err *Error) {
	if c.failed != nil {
		return nil, nil
	}
	body := &syntax.Block{At: syntax.At{Place: e.Span()}, Stmts: []syntax.Stmt{&syntax.ExprStmt{At: syntax.At{Place: e.Span()}, X: e}}}
	fn := c.body("BEGIN", body, e.Span())
	if c.failed != nil {
		return nil, nil
	}
	code := &Code{Name: "BEGIN", Package: c.pkg, Span: e.Span(), fn: fn, caps: fixedCaps(fn)}
	err = c.in.guard(func() { vals = c.in.callList(code, nil, ListContext, e.Span(), "") })
	return vals, err
}

// useConstant defines constants: use constant NAME => LIST, or { NAME => value, … }.
func (c *compiler) useConstant(x *syntax.Use) {
	if x.Args == nil || x.No {
		return
	}
	vals := c.useArgs(x)
	if len(vals) == 0 {
		return
	}
	if h, ok := vals[0].(*Hash); ok {
		for _, k := range h.Keys() {
			c.constant(k, x, h.M[k].Get())
		}
		return
	}
	c.constant(ToString(vals[0]), x, vals[1:]...)
}

func (c *compiler) constant(name string, x *syntax.Use, vals ...Value) {
	if name == "" {
		return
	}
	g := c.in.glob(c.pkg, name)
	if g.cv != nil && g.predeclared {
		c.report(diag.Diagnostic{Code: CodeReadOnly, Severity: diag.Warning, Span: x.Span(),
			Message: "the constant " + name + " replaces one that was defined before the file"})
	}
	was := g.predeclared
	cv := c.in.DefineConst(c.pkg, name, vals...)
	cv.Span = x.Span()
	g.predeclared = was
}
