//go:build race

package regex

// raced says that the race detector is on. It makes sync.Pool drop what is put into it, now and then.
const raced = true
