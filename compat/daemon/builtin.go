package daemon

import "mavis/compat/notify"

// noticeText gives the text of a built-in notice; those that the original leaves empty are empty here.
func noticeText(name string) string {
	text, _ := notify.Template(name)
	return text
}
