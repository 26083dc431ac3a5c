package eval

type scope struct{}

// Interp runs files. See New.
type Interp struct{}
