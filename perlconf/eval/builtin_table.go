package eval

import (
	"mavis/perlconf/syntax"
)

// builtins are the functions with a way of their own to take arguments.
var builtinTable map[string]builtinFunc

// Set here because compiling an argument leads back to the table.
func init() {
	m := map[string]builtinFunc{
		"__FILE__": func(c *compiler, x *syntax.Func) node {
			return lit(x.Span(), x.Span().File.Name)
		},
		"__LINE__": func(c *compiler, x *syntax.Func) node {
			return lit(x.Span(), int64(x.Span().Pos().Line))
		},
		"__PACKAGE__": func(c *compiler, x *syntax.Func) node { return lit(x.Span(), c.pkg) },
		"__SUB__": func(c *compiler, x *syntax.Func) node {
			return &frameNode{at{x.Span()}, func(f *frame) Value {
				if f.code == nil {
					return nil
				}
				return f.code
			}}
		},
		"wantarray": func(c *compiler, x *syntax.Func) node {
			return &frameNode{at{x.Span()}, func(f *frame) Value {
				switch f.want {
				case ListContext:
					return int64(1)
				case ScalarContext:
					return ""
				}
				return nil
			}}
		},
		"scalar": func(c *compiler, x *syntax.Func) node {
			args := flatArgs(x)
			if !c.count(x, args, 1, 1) {
				return lit(x.Span(), nil)
			}
			return &scalarNode{at{x.Span()}, c.expr(args[0])}
		},
	}
	for _, part := range []map[string]builtinFunc{listBuiltins, hashBuiltins, stringBuiltins, flowBuiltins, ioBuiltins, miscBuiltins} {
		for k, v := range part {
			m[k] = v
		}
	}
	builtinTable = m
}

// frameNode looks at the frame.
type frameNode struct {
	at
	get func(f *frame) Value
}

func (n *frameNode) scalar(f *frame) Value { return n.get(f) }

// argList compiles all arguments as one list.
func (c *compiler) argList(x *syntax.Func) *listNode { return c.list(x.Span(), x.Args) }
