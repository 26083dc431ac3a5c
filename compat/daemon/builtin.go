package daemon

// noticeText gives the text of a built-in notice.
func noticeText(name string) string { return "" }
