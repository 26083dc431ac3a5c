package regex

import (
	"errors"
	"fmt"
)

// ErrUndecided is wrapped by the errors of MatchAt and Match when the deadline or a bound was reached.
var ErrUndecided = errors.New("pattern match was not decided")

// Error is a pattern that is refused.
type Error struct {
	Offset      int    // byte offset in the pattern
	Message     string // what is wrong, in one line
	Unsupported bool   // Perl accepts it, this package does not
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s (at byte %d of the pattern)", e.Message, e.Offset)
}

// Warning is a part of a pattern that is legal and likely not meant.
type Warning struct {
	Offset  int
	Message string
}
