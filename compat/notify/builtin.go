package notify

import (
	"embed"
	"strings"
)

//go:embed templates/*.txt
var templates embed.FS

// Template is the built-in text of a template variable, such as "notify_sender_templ" or
// "notify_virus_admin_templ"; not found for other names.
func Template(name string) (text string, ok bool) {
	raw, err := templates.ReadFile("templates/" + name + ".txt")
	return string(raw), err == nil
}

// Names are the template variables that have a built-in text.
func Names() []string {
	entries, err := templates.ReadDir("templates")
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".txt"))
	}
	return out
}
