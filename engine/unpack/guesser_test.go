package unpack

import (
	"context"
	"os"

	"mavis/engine/filetype"
)

// guesser is a classifier without a program.
type guesser struct{}

func (guesser) Classify(_ context.Context, paths []string) ([]string, error) {
	out := make([]string, len(paths))
	for i, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		out[i] = filetype.Guess(b)
	}
	return out, nil
}
