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
	if err := hashLines(h, r, make([]byte, min(64<<10, r.Size()+2))); err != nil {
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

// hashLines hashes what r gives with LF for each CRLF, and without a CR at the very end. It uses block, of two bytes at least.
func hashLines(h io.Writer, r io.Reader, block []byte) error {
	held := 0 // 1 when block begins with a CR that waits for what follows it
	for {
		n, err := r.Read(block[held:])
		if n > 0 {
			b := block[:held+n]
			if held = 0; b[len(b)-1] == '\r' {
				held, b = 1, b[:len(b)-1]
			}
			if _, err := h.Write(dropCR(b)); err != nil {
				return err
			}
			block[0] = '\r'
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// dropCR makes LF of each CRLF, in place.
func dropCR(b []byte) []byte {
	i := bytes.Index(b, crlf)
	if i < 0 {
		return b
	}
	for w := i; ; {
		i++
		n := bytes.Index(b[i:], crlf)
		if n < 0 {
			return b[:w+copy(b[w:], b[i:])]
		}
		w += copy(b[w:], b[i:i+n])
		i += n
	}
}

var crlf = []byte("\r\n")
