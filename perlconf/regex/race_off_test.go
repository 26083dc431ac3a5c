//go:build !race

package regex

const raced = false
