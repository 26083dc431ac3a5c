package syntax

// Codes of the diagnostics of this package. They are stable: a code is never given a second meaning.
const (
	codeUnterminated   = "P001" // a string, pattern or other quote has no end
	codeHeredoc        = "P002" // the terminator of a heredoc is missing
	codeCharacter      = "P003" // a character that Perl does not know stands outside of strings
	codeTypographic    = "P004" // a typographic quote, dash or space stands where Perl wants an ASCII one
	codeEntity         = "P005" // an HTML entity or tag stands in code
	codeDepth          = "P006" // brackets, blocks or operators are nested too deeply
	codeUnclosed       = "P007" // an opening bracket is not closed
	codeUnopened       = "P008" // a closing bracket has no opening one
	codeMissingSemi    = "P009" // a semicolon is missing between two statements
	codeMissingOp      = "P010" // an operator or comma is missing between two values
	codeUnexpected     = "P011" // something stands where Perl cannot use it
	codeExpectExpr     = "P012" // a value is missing
	codeExpectBlock    = "P013" // a { with a block is missing
	codeExpectParen    = "P014" // a ( is missing
	codeAssign         = "P015" // the left side of an assignment cannot be assigned to
	codeNonAssoc       = "P016" // operators that do not chain were chained
	codeArgs           = "P017" // too many or too few arguments
	codeUnsupported    = "P018" // valid Perl that is not supported here
	codeCodeInPattern  = "P019" // (?{ }) in a pattern
	codeFinalDollar    = "P020" // a lone $ in a string
	codeEscape         = "P021" // a malformed escape in a string
	codeNumber         = "P022" // a malformed number
	codeFlags          = "P023" // an unknown flag after a pattern
	codeTrans          = "P024" // a malformed range in tr
	codeForeachVar     = "P025" // the loop variable of foreach cannot be used
	codeQwParens       = "P026" // qw is used in place of parentheses
	codeUse            = "P027" // a malformed use, no or package
	codeMy             = "P028" // something that cannot be declared with my, our, local or state
	codeSub            = "P029" // a malformed sub declaration
	codeInternal       = "P030" // a fault of the parser itself; the file is refused
	codeTemplate       = "P031" // a placeholder of a template was not filled in
	codeLostBackslash  = "P032" // text that shows that backslashes were lost
	codeTooLarge       = "P033" // the file is larger than what is read
	codeElse           = "P034" // else, elsif or continue without its statement, or `else if`
	codeArrow          = "P035" // something wrong after ->
	codeTernary        = "P036" // the : of ?: is missing
	codeUnclosedString = "P037" // a quote that probably began in an earlier line
)
