package syntax

// Codes of the diagnostics of this package. They are stable: a code is never given a second meaning.
const (
	codeUnterminated  = "P001"
	codeHeredoc       = "P002"
	codeCharacter     = "P003"
	codeTypographic   = "P004"
	codeEntity        = "P005"
	codeDepth         = "P006"
	codeUnclosed      = "P007"
	codeUnopened      = "P008"
	codeMissingSemi   = "P009"
	codeMissingOp     = "P010"
	codeUnexpected    = "P011"
	codeExpectExpr    = "P012"
	codeExpectBlock   = "P013"
	codeExpectParen   = "P014"
	codeAssign        = "P015"
	codeNonAssoc      = "P016"
	codeArgs          = "P017"
	codeUnsupported   = "P018"
	codeCodeInPattern = "P019"
	codeFinalDollar   = "P020"
	codeEscape        = "P021"
	codeNumber        = "P022"
	codeFlags         = "P023"
	codeTrans         = "P024"
	codeForeachVar    = "P025"
	codeQwParens      = "P026"
	codeMy            = "P028"
	codeSub           = "P029"
	codeInternal      = "P030"
	codeTemplate      = "P031"
	codeTooLarge      = "P033"
	codeElse          = "P034"
	codeArrow         = "P035"
	codeTernary       = "P036"
)

// Meanings tells in one line what each code of this package stands for.
func Meanings() map[string]string {
	return map[string]string{
		codeUnterminated:  "a string, pattern or other quote has no end",
		codeHeredoc:       "the terminator of a heredoc is missing",
		codeCharacter:     "a character that Perl does not know stands outside of strings",
		codeTypographic:   "a typographic quote, dash or space stands where Perl wants an ASCII one",
		codeEntity:        "an HTML entity or tag stands in code",
		codeDepth:         "brackets, blocks or operators are nested too deeply",
		codeUnclosed:      "an opening bracket is not closed",
		codeUnopened:      "a closing bracket has no opening one",
		codeMissingSemi:   "a semicolon is missing between two statements",
		codeMissingOp:     "an operator or comma is missing between two values",
		codeUnexpected:    "something stands where Perl cannot use it",
		codeExpectExpr:    "a value is missing",
		codeExpectBlock:   "a { with a block is missing",
		codeExpectParen:   "a ( is missing",
		codeAssign:        "the left side of an assignment cannot be assigned to",
		codeNonAssoc:      "operators that do not chain were chained",
		codeArgs:          "too many or too few arguments",
		codeUnsupported:   "valid Perl that is not supported here",
		codeCodeInPattern: "(?{ }) in a pattern",
		codeFinalDollar:   "a lone $ in a string",
		codeEscape:        "a malformed escape in a string",
		codeNumber:        "a malformed number",
		codeFlags:         "an unknown flag after a pattern",
		codeTrans:         "a malformed range in tr",
		codeForeachVar:    "the loop variable of foreach cannot be used",
		codeQwParens:      "qw is used in place of parentheses",
		codeMy:            "something that cannot be declared with my, our, local or state",
		codeSub:           "a malformed sub declaration",
		codeInternal:      "a fault of the parser itself; the file is refused",
		codeTemplate:      "a placeholder of a template was not filled in",
		codeTooLarge:      "the file is larger than what is read",
		codeElse:          "else, elsif or continue without its statement, or `else if`",
		codeArrow:         "something wrong after ->",
		codeTernary:       "the : of ?: is missing",
	}
}
