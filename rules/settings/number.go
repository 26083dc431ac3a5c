package settings

import (
	"encoding/json"
	"strconv"
)

// number keeps a number as Perl prints it, where JSON can take that.
func number(text string) any {
	if _, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
		return json.Number(text)
	}
	return text
}
