// Package quarantine keeps mail that is held: in files of its own, in mailboxes, or at an address
// (amavisd README.customize, *_quarantine_method; %local_delivery_aliases of amavisd.conf-default).
//
// An error from Keep means that the mail is not kept: the caller must answer 4xx.
package quarantine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"mavis/engine/perlat"
)

// ErrUnsupported is wrapped by errors about methods that are not built in.
var ErrUnsupported = errors.New("quarantine method is not supported")

// Mail is what is to be kept.
type Mail struct {
	// Method is local:NAME, bsmtp:NAME, or smtp:…, lmtp:… and pipe:…. All but local: go to Store.Send. In NAME %m is the mail id, %n the log id, %b the
	// body digest, %P the partition tag, %i the time of reception.
	Method string
	// To are the quarantine addresses, such as virus-quarantine, or mail addresses with smtp: and lmtp:.
	To []string
	// Sender of the copy kept ($mailfrom_to_quarantine, or the mail's own), without angle brackets. SenderPath is the same
	// with brackets and quotes, as it stands in Return-Path.
	Sender, SenderPath string
	// Header are the edited header fields with LF or CRLF line ends, without the empty line. No Return-Path.
	Header []byte
	// Body is what follows the empty line. It is read from the start for each copy.
	Body *io.SectionReader

	MailID, LogID, BodyDigest, PartitionTag string
	Received                                time.Time // in local time
}

// Place is where a copy is kept.
type Place struct {
	Type string // F file, Z gzip file, B batch file, M and L sent by SMTP and LMTP, ? piped, as in the SQL column quar_type
	Path string // of the file, or the address
}

// Alias tells where a quarantine address leads.
type Alias struct {
	Mailbox string // a folder, or an mbox file; "" keeps nothing
	Name    string // file name in the folder, with % letters; "" means that of the method
}

// Store keeps mail. It is safe for concurrent use.
type Store struct {
	// Dir is $QUARANTINEDIR. Addresses without an alias lead to it.
	Dir string
	// Levels is $quarantine_subdir_levels: from 1 on files go to a sub-folder named by the first letter of the mail id.
	Levels int
	// Alias looks up the local part of an address in %local_delivery_aliases. Nil or not found means Dir.
	Alias func(local string) (Alias, bool)
	// Send passes mail on for methods other than local:; the header has CRLF line ends then. Nil makes them unsupported.
	Send func(ctx context.Context, m Mail) error
	// Nothing works the places out and keeps nothing. A mailbox that is not there counts as a folder, unless it is named
	// like an mbox file.
	Nothing bool
	// Sync flushes files, and their names, to disk before Keep returns.
	Sync bool
	// UID and GID own new files when both are not 0 and the process may change owners.
	UID, GID int
}

// Keep stores one copy per mailbox. When it fails, copies made by this call may remain; none is partial.
func (s *Store) Keep(ctx context.Context, m Mail) ([]Place, error) {
	scheme, arg, _ := strings.Cut(m.Method, ":")
	switch strings.ToLower(scheme) {
	case "local":
		return s.keepLocal(ctx, m, arg)
	case "smtp", "lmtp", "pipe":
		m.Header = crlf(m.Header)
		if err := s.send(ctx, m); err != nil {
			return nil, err
		}
		kind := map[string]string{"smtp": "M", "lmtp": "L"}[strings.ToLower(scheme)]
		if kind == "" {
			kind = "?"
		}
		var places []Place
		for _, to := range m.To {
			places = append(places, Place{kind, to})
		}
		return places, nil
	case "bsmtp":
		return s.keepBatch(ctx, m, arg)
	}
	return nil, unknownProtocol(scheme)
}

// unknownProtocol is a method that nothing here serves; it is ErrUnsupported.
type unknownProtocol string

func (p unknownProtocol) Error() string {
	return "mail_dispatch: unknown protocol: " + strings.ToLower(string(p)) + perlat.UnknownProtocol
}

func (unknownProtocol) Is(err error) bool { return err == ErrUnsupported }

func (s *Store) send(ctx context.Context, m Mail) error {
	if s.Send == nil {
		return fmt.Errorf("quarantine by %q: %w", m.Method, ErrUnsupported)
	}
	return s.Send(ctx, m)
}

// LocalError is a failure to write to a file of the quarantine. It reads as the original's reply does.
type LocalError struct {
	Path string
	Err  error
}

func (e *LocalError) Error() string {
	return fmt.Sprintf("451 4.5.0 Local delivery(1) to %s failed: %v", e.Path, e.Err)
}

func (e *LocalError) Unwrap() error { return e.Err }

// existsError refuses to replace a file.
type existsError struct{ path string }

func (e existsError) Error() string {
	return fmt.Sprintf("File %s already exists, refuse to overwrite%s", e.path, perlat.FileExists)
}

func (existsError) Unwrap() error { return os.ErrExist }

// notRegularError refuses to write to a folder or a device.
type notRegularError struct{ path string }

func (e notRegularError) Error() string {
	return fmt.Sprintf("File %s is not a regular file, refuse to write%s", e.path, perlat.NotRegular)
}

// openError says why a file cannot be opened, in the words of the C library.
type openError struct {
	what, path, place string
	err               error
}

func (e *openError) Error() string {
	reason := e.err.Error()
	var errno syscall.Errno
	if errors.As(e.err, &errno) {
		reason = errno.Error()
		reason = strings.ToUpper(reason[:1]) + reason[1:]
	}
	return fmt.Sprintf("Can't %s %s: %s%s", e.what, e.path, reason, e.place)
}

func (e *openError) Unwrap() error { return e.err }

// target is a mailbox and the addresses that lead to it.
type target struct {
	path  string
	mbox  bool
	rcpts []string
}

func (s *Store) keepLocal(ctx context.Context, m Mail, name string) ([]Place, error) {
	targets, err := s.targets(m, name)
	if err != nil {
		return nil, err
	}
	var places []Place
	for _, t := range targets {
		if err := ctx.Err(); err != nil {
			return places, &LocalError{t.path, err}
		}
		write := s.writeFile
		if t.mbox {
			write = s.appendMailbox
		}
		if s.Nothing {
			write = func(Mail, *target) error { return nil }
		}
		if err := write(m, t); err != nil {
			return places, &LocalError{t.path, err}
		}
		kind := "F"
		if strings.HasSuffix(t.path, ".gz") {
			kind = "Z"
		}
		places = append(places, Place{kind, t.path})
	}
	return places, nil
}

func (s *Store) targets(m Mail, name string) ([]*target, error) {
	var out []*target
	for _, to := range m.To {
		alias, known := Alias{}, false
		if s.Alias != nil {
			alias, known = s.Alias(localPart(to))
		}
		if !known {
			alias = Alias{Mailbox: s.Dir}
		}
		if alias.Mailbox == "" || to == "" {
			continue
		}
		path, mbox, err := s.resolve(m, alias, name)
		if err != nil {
			return nil, err
		}
		found := false
		for _, t := range out {
			if t.path == path && t.mbox == mbox {
				t.rcpts = append(t.rcpts, to)
				found = true
			}
		}
		if !found {
			out = append(out, &target{path, mbox, []string{to}})
		}
	}
	return out, nil
}

// resolve finds the file for a mailbox: the mailbox itself unless it is a folder.
func (s *Store) resolve(m Mail, a Alias, name string) (path string, mbox bool, err error) {
	st, err := os.Stat(a.Mailbox)
	switch {
	case s.Nothing && err != nil && !strings.HasSuffix(a.Mailbox, ".mbox"):
	case errors.Is(err, os.ErrNotExist), s.Nothing && err != nil:
		return a.Mailbox, true, nil
	case err != nil:
		return "", false, fmt.Errorf("quarantine: %w", err)
	case st.Mode().IsRegular():
		if st.Mode()&0o111 != 0 {
			return "", false, fmt.Errorf("quarantine mailbox %s is executable", a.Mailbox)
		}
		return a.Mailbox, true, nil
	case !st.IsDir():
		return "", false, fmt.Errorf("quarantine mailbox %s is neither file nor folder", a.Mailbox)
	}
	own := a.Name != ""
	if own {
		name = a.Name
	} else if name == "" {
		name = "%m"
	}
	name = FileName(name, m)
	if strings.ContainsRune(name, 0) || hasParent(name) {
		return "", false, fmt.Errorf("quarantine file name %q leads out of its folder", name)
	}
	path = a.Mailbox + "/" + name
	if s.Levels < 1 || own {
		return path, false, nil
	}
	if m.MailID == "" || !alphanumeric(m.MailID[0]) {
		return "", false, fmt.Errorf("quarantine: mail id %q does not name a sub-folder", m.MailID)
	}
	slash := strings.LastIndexByte(path, '/')
	dir := path[:slash+1] + m.MailID[:1]
	if err := s.makeFolders(dir); err != nil {
		return "", false, err
	}
	return dir + path[slash:], false, nil
}

// makeFolders makes all sub-folders A to Z, a to z, 0 to 9 beside a missing one.
func (s *Store) makeFolders(dir string) error {
	if _, err := os.Stat(dir); s.Nothing || !errors.Is(err, os.ErrNotExist) {
		return nil // other errors show when the file is made
	}
	parent := dir[:len(dir)-1]
	for c := byte('0'); c <= 'z'; c++ {
		if !alphanumeric(c) {
			continue
		}
		sub := parent + string(rune(c))
		if err := os.Mkdir(sub, 0o750); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("quarantine: %w", err)
		}
		s.own(sub)
	}
	return nil
}

func (s *Store) own(path string) {
	if s.UID != 0 && s.GID != 0 && os.Geteuid() == 0 {
		_ = os.Chown(path, s.UID, s.GID) // a file of another owner is still a kept mail
	}
}

// FileName replaces the % letters of a name template.
func FileName(name string, m Mail) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] != '%' || i+1 == len(name) {
			b.WriteByte(name[i])
			continue
		}
		i++
		switch name[i] {
		case 'b':
			b.WriteString(m.BodyDigest)
		case 'P':
			b.WriteString(m.PartitionTag)
		case 'm':
			b.WriteString(m.MailID)
		case 'n':
			b.WriteString(m.LogID)
		case 'i':
			b.WriteString(m.Received.Format("20060102T150405"))
		case '%':
			b.WriteByte('%')
		default:
			b.WriteByte('%')
			b.WriteByte(name[i])
		}
	}
	return b.String()
}

func hasParent(name string) bool {
	for _, part := range strings.Split(name, "/") {
		if part == ".." {
			return true
		}
	}
	return strings.HasSuffix(name, "/") || name == ""
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// localPart is what stands before the @ of a quarantine address.
func localPart(addr string) string {
	if at := strings.LastIndexByte(addr, '@'); at > 0 {
		return addr[:at]
	}
	return addr
}

// DefaultAlias is %local_delivery_aliases as it is by default, for a mail from the given sender.
func DefaultAlias(dir, sender string) func(local string) (Alias, bool) {
	return func(local string) (Alias, bool) {
		switch local {
		case "virus-quarantine", "banned-quarantine", "unchecked-quarantine", "spam-quarantine", "bad-header-quarantine",
			"clean-quarantine", "other-quarantine", "archive-quarantine", "archive-files":
			return Alias{Mailbox: dir}, true
		case "archive-mbox":
			return Alias{Mailbox: dir + "/archive.mbox"}, true
		case "recip-quarantine":
			return Alias{Mailbox: dir + "/recip-archive.mbox"}, true
		case "sender-quarantine":
			return Alias{Mailbox: dir, Name: "sender-" + fileSender(sender) + "-%m.gz"}, true
		}
		return Alias{}, false
	}
}

// fileSender is a sender as it may stand in file names.
func fileSender(sender string) string {
	if len(sender) > 103 {
		sender = sender[:100] + "..."
	}
	safe := strings.Map(func(r rune) rune {
		if r < 128 && (alphanumeric(byte(r)) || strings.ContainsRune("@._+-", r)) {
			return r
		}
		return '='
	}, latin(sender))
	return strings.ReplaceAll(safe, "@", "_at_")
}

// latin maps octets to code points, so that each counts as one character.
func latin(s string) string {
	r := make([]rune, len(s))
	for i := range len(s) {
		r[i] = rune(s[i])
	}
	return string(r)
}
