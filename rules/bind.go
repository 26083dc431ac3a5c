package rules

import (
	"errors"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
)

// Source gives the variables of package Amavis::Conf as they stand after all files have run and the after-defaults
// were supplied. Bind reads it; after Bind only Call is used, by one goroutine at a time.
type Source interface {
	// Scalar, Array and Hash give a variable by its name without sigil and package, nil when it does not exist.
	// The built-in policy bank is the element '' of Hash("policy_bank"): a hash from member names to references to the
	// variables themselves. Hash("current_policy_bank") is what the configuration's word c() reads.
	Scalar(name string) *eval.Scalar
	Array(name string) *eval.Array
	Hash(name string) *eval.Hash
	// Claim says that somebody reads this container (*eval.Scalar, *eval.Array or *eval.Hash), directly or through a
	// reference. A named variable that was set and is not claimed has no effect: the loader reports it.
	Claim(container any)
	// Call runs a sub of the configuration under a step limit. A native sub gets its arguments the same way.
	Call(code *eval.Code, args []eval.Value, want eval.Context) ([]eval.Value, error)
}

// The built-in defaults that are code look up another member of the bank in force. They are recognised, and resolved
// without the evaluator, in two forms: a sub of the configuration whose body is only such a call, and a native sub whose
// Name is the text of the call. The calls are c('x'), ca('x'), cr('x'), [ c('x') ] and Opaque(c('x')).

// ErrNoBank is returned for the name of a policy bank that the configuration does not define. amavisd ignores such a name.
var ErrNoBank = errors.New("no such policy bank")

// Bind makes the typed model. What it cannot read becomes a diagnostic with its place; after an error the Config must
// not be used to handle mail.
func Bind(src Source, bag *diag.Bag) *Config {
	return bind(src, bag)
}
