//go:build race

package peer

// Raced says that the race detector is on. It makes everything several times slower, and sync.Pool drop what is put into it now and then.
const Raced = true
