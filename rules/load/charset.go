package load

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// decode turns text of a named encoding into UTF-8. Bytes that are no UTF-8 in a UTF-8 file stay as they are.
func decode(text, name string) (string, error) {
	switch asciiLower(strings.ReplaceAll(name, "_", "-")) {
	case "utf-8", "utf8", "utf-8-strict":
		return text, nil
	case "us-ascii", "ascii":
		if isASCII(text) {
			return text, nil
		}
	case "iso-8859-1", "latin1", "latin-1":
		out := make([]byte, 0, len(text))
		for i := 0; i < len(text); i++ {
			out = utf8.AppendRune(out, rune(text[i]))
		}
		return string(out), nil
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		if enc, err = ianaindex.MIME.Encoding(name); err != nil || enc == nil {
			return "", fmt.Errorf("unknown encoding %q", name)
		}
	}
	return enc.NewDecoder().String(text)
}
