package syntax

import (
	"io"

	"github.com/alecthomas/participle/v2/lexer"

	"mavis/perlconf/source"
)

// Kinds of token. What the lexer had to find out to tell `/` from `/` and `{` from `{` is kept in the kind, so the
// grammar need not guess again.
const (
	tNum         lexer.TokenType = iota + 1
	tStr                         // a string without interpolation; the value is its text
	tKey                         // a word quoted by => or by {word}
	tQW                          // qw(...): the value is what stands between the delimiters
	tTrans                       // tr/// or y///: parts joined by NUL, see lexTrans
	tAngle                       // <...>
	tQOpen                       // a quote that interpolates begins: the value is `"`, qq, qx, m, qr, s, <<
	tQText                       // constant text inside a quote, raw
	tQCase                       // \L \U \Q \F \E \l \u inside a quote
	tQMid                        // between pattern and replacement of s///
	tQClose                      // the quote ends: the value is its flags
	tWord                        // a bareword
	tFunc                        // a builtin function, or a sub that was declared
	tMethWord                    // a word followed by a class or object: `new Foo`
	tHandle                      // bareword file handle after print, or sub name after sort
	tHandleVar                   // $fh as file handle after print, or $sub after sort
	tScalar                      // $name
	tArray                       // @name
	tHash                        // %name
	tAmp                         // &name
	tGlob                        // *name
	tArrayLen                    // $#name
	tCast                        // $ @ % & * $# in front of a block or of a scalar
	tPostDeref                   // after ->: @* $* %* &* ** $#*, or @ or % in front of a slice
	tFileTest                    // -e and its like
	tOp                          // an operator
	tArrow                       // ->
	tComma                       // , and =>
	tSemi                        // ;
	tLParen                      // (
	tRParen                      // )
	tLBracket                    // [
	tRBracket                    // ]
	tLBlock                      // { of a block
	tLHash                       // { of a hash constructor
	tLSub                        // { of a subscript
	tRBrace                      // }
	tLabel                       // NAME:
	tIf                          // if, unless at the start of a statement
	tElsif                       // elsif
	tElse                        // else
	tWhile                       // while, until
	tFor                         // for, foreach
	tContinue                    // continue
	tMod                         // a statement modifier: if unless while until for foreach
	tSub                         // sub NAME
	tAnonSub                     // sub
	tName                        // name of a sub, package or module
	tProto                       // (..) after sub
	tPackage                     // package
	tUse                         // use, no
	tVersion                     // version after use or package
	tMy                          // my our local state
	tDo                          // do in front of a block
	tEval                        // eval in front of a block
	tJump                        // return next last redo goto
	tNot                         // not
	tUnsupported                 // a construct that is Perl but is not understood here
	tBad                         // text that is no token; reported by the lexer
)

var tokenNames = map[string]lexer.TokenType{
	"EOF": lexer.EOF, "Num": tNum, "Str": tStr, "Key": tKey, "QW": tQW, "Trans": tTrans, "Angle": tAngle,
	"QOpen": tQOpen, "QText": tQText, "QCase": tQCase, "QMid": tQMid, "QClose": tQClose, "Word": tWord, "Func": tFunc,
	"MethWord": tMethWord, "Handle": tHandle, "HandleVar": tHandleVar, "Scalar": tScalar, "Array": tArray, "Hash": tHash,
	"Amp": tAmp, "Glob": tGlob, "ArrayLen": tArrayLen, "Cast": tCast, "PostDeref": tPostDeref, "FileTest": tFileTest,
	"Op": tOp, "Arrow": tArrow, "Comma": tComma, "Semi": tSemi, "LParen": tLParen, "RParen": tRParen,
	"LBracket": tLBracket, "RBracket": tRBracket, "LBlock": tLBlock, "LHash": tLHash, "LSub": tLSub, "RBrace": tRBrace,
	"Label": tLabel, "If": tIf, "Elsif": tElsif, "Else": tElse, "While": tWhile, "For": tFor, "Continue": tContinue,
	"Mod": tMod, "Sub": tSub, "AnonSub": tAnonSub, "Name": tName, "Proto": tProto, "Package": tPackage, "Use": tUse,
	"Version": tVersion, "My": tMy, "Do": tDo, "Eval": tEval, "Jump": tJump, "Not": tNot, "Unsupported": tUnsupported,
	"Bad": tBad,
}

// definition is the lexer as participle wants it. One definition serves one parse, because subs that the file
// declares change how later text is read.
type definition struct {
	opt Options
	// last is the state of the newest run: token ends, prototypes, comments, diagnostics.
	last *lexed
}

// Symbols implements lexer.Definition.
func (d *definition) Symbols() map[string]lexer.TokenType { return tokenNames }

// Lex implements lexer.Definition.
func (d *definition) Lex(name string, r io.Reader) (lexer.Lexer, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return d.LexBytes(name, text)
}

// LexString implements lexer.StringDefinition.
func (d *definition) LexString(name, text string) (lexer.Lexer, error) {
	return d.LexBytes(name, []byte(text))
}

// LexBytes implements lexer.BytesDefinition.
func (d *definition) LexBytes(name string, text []byte) (lexer.Lexer, error) {
	return d.lexFile(source.New(name, text)), nil
}

func (d *definition) lexFile(f *source.File) lexer.Lexer {
	d.last = lexAll(f, d.opt)
	return &replay{toks: d.last.toks}
}

// replay hands out tokens that were made before.
type replay struct {
	toks []lexer.Token
	i    int
}

// Next implements lexer.Lexer. Faults are tokens of kind Bad, never errors.
func (r *replay) Next() (lexer.Token, error) {
	t := r.toks[r.i]
	if r.i < len(r.toks)-1 {
		r.i++
	}
	return t, nil
}
