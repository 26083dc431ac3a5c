package quarantine

import (
	"bytes"
	"context"
	"fmt"
	"strings"
)

// Batch says that a method writes batches of SMTP commands (RFC 2442). These hold the envelope of the mail itself: its sender
// and all of its recipients, whatever $mailfrom_to_quarantine and the quarantine address say.
func Batch(method string) bool {
	return len(method) >= 6 && strings.EqualFold(method[:6], "bsmtp:")
}

// keepBatch has the mail written as a batch. Its envelope is there, so the header does not name the recipients once more.
func (s *Store) keepBatch(ctx context.Context, m Mail, name string) ([]Place, error) {
	sender := fileSender(m.Sender)
	if sender == "" || sender == "." || sender == ".." {
		sender = "_" + sender
	}
	name = FileName(strings.ReplaceAll(name, "%s", sender), m)
	if strings.ContainsRune(name, 0) || hasParent(name) {
		return nil, fmt.Errorf("quarantine file name %q leads out of its folder", name)
	}
	if s.Dir != "" && !strings.HasPrefix(name, "/") {
		name = s.Dir + "/" + name
	}
	m.Method = "bsmtp:" + strings.ReplaceAll(name, "%", "%%")
	m.Header = crlf(without(m.Header, "X-Envelope-To:", "X-Envelope-To-Blocked:"))
	if err := s.send(ctx, m); err != nil {
		return nil, err
	}
	return []Place{{"B", name}}, nil
}

// without leaves out the first field of each name.
func without(header []byte, names ...string) []byte {
	var out []byte
	drop := false
	for line := range bytes.Lines(header) {
		if line[0] != ' ' && line[0] != '\t' {
			drop = false
			for i, n := range names {
				if len(line) >= len(n) && strings.EqualFold(string(line[:len(n)]), n) {
					drop, names = true, append(names[:i:i], names[i+1:]...)
					break
				}
			}
		}
		if !drop {
			out = append(out, line...)
		}
	}
	return out
}
