package eval

// Codes of diagnostics; P001 to P199 belong to the parser.
const (
	CodeUndeclared   = "P200" // variable not declared under strict vars
	CodeBareword     = "P201" // bareword under strict subs
	CodeTypo         = "P202" // without strict: a name mentioned once that nobody declared
	CodeDie          = "P203" // die, or a fault that Perl finds while running
	CodeStrictRefs   = "P204" // text used as a reference
	CodeNoSub        = "P205" // call of a sub that does not exist
	CodeReadOnly     = "P206" // a constant value was to be changed
	CodeRegexp       = "P207" // pattern that does not compile, or a match that was given up
	CodeCannotModify = "P208" // something that is no variable was to be assigned to
	CodeArgs         = "P209" // wrong number or kind of arguments to a builtin
	CodeLoopLabel    = "P210" // next or last outside of a loop
	CodeNotRun       = "P220" // a feature of Perl that is not run here
	CodeNotRunInSub  = "P221" // the same, in code that only runs when called
	CodeModule       = "P222" // a module that is not known
	CodeWrite        = "P223" // a file was to be written
	CodeCommand      = "P224" // a command that was refused or failed
	CodePackage      = "P225" // subs in a package of their own
	CodeSteps        = "P230" // too many steps
	CodeDepth        = "P231" // calls nested too deeply
	CodeBytes        = "P232" // a string or list too long
	CodeCancelled    = "P233" // the run was ended from outside
	CodeInternal     = "P239" // a fault of the evaluator
)
