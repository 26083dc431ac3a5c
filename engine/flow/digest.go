package flow

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
)

// digest is the sum of the body with LF line ends, as macro %b and quarantine names use it. It is made once.
func (t *Task) digest() (string, error) {
	if t.BodyDigest != "" {
		return t.BodyDigest, nil
	}
	h, err := newHash(t.Policy.Str("mail_digest_algorithm"))
	if err != nil {
		return "", err
	}
	r := io.NewSectionReader(t.Body, t.HeaderSize, t.Body.Size()-t.HeaderSize)
	if _, err := io.CopyBuffer(&unixEnds{w: h}, r, make([]byte, min(32<<10, r.Size()+1))); err != nil {
		return "", err
	}
	t.BodyDigest = hex.EncodeToString(h.Sum(nil))
	return t.BodyDigest, nil
}

func newHash(name string) (hash.Hash, error) {
	switch strings.ToUpper(strings.ReplaceAll(name, "-", "")) {
	case "", "MD5":
		return md5.New(), nil
	case "SHA1", "1":
		return sha1.New(), nil
	case "SHA224", "224":
		return sha256.New224(), nil
	case "SHA256", "256":
		return sha256.New(), nil
	case "SHA384", "384":
		return sha512.New384(), nil
	case "SHA512", "512":
		return sha512.New(), nil
	}
	return nil, fmt.Errorf("$mail_digest_algorithm: %q is not known", name)
}

// unixEnds turns CRLF into LF on the way.
type unixEnds struct {
	w  io.Writer
	cr bool // a CR waits for what follows it
}

func (u *unixEnds) Write(p []byte) (int, error) {
	n := len(p)
	if u.cr && n > 0 {
		u.cr = false
		if p[0] != '\n' {
			if _, err := u.w.Write([]byte{'\r'}); err != nil {
				return 0, err
			}
		}
	}
	if n > 0 && p[n-1] == '\r' {
		u.cr = true
		p = p[:n-1]
	}
	if _, err := u.w.Write(bytes.ReplaceAll(p, []byte("\r\n"), []byte("\n"))); err != nil {
		return 0, err
	}
	return n, nil
}
