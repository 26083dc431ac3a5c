package flow

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"mavis/engine/mail"
)

// LogIDs numbers connections the way log readers know it: PID-NN, and PID-NN-NN for further messages of a connection.
// The original starts a new process after some connections; here the first number moves on after 99 instead, so that an
// id stays short and does not come again while a day's log is read.
type LogIDs struct {
	pid  int
	next atomic.Int64
}

// NewLogIDs starts at a process number.
func NewLogIDs(pid int) *LogIDs { return &LogIDs{pid: pid} }

const perNumber = 99

// Connection gives the id of a new connection.
func (l *LogIDs) Connection() string {
	n := l.next.Add(1) - 1
	return fmt.Sprintf("%05d-%02d", int64(l.pid)+n/perNumber, n%perNumber+1)
}

// Message gives the id of a connection's n-th message, from 1.
func Message(connection string, n int) string {
	if n <= 1 {
		return connection
	}
	return fmt.Sprintf("%s-%d", connection, n)
}

// EnvID is the envelope id (RFC 3461 section 4.4) of a message that starts here, as ENVID takes it.
func EnvID(id string, made time.Time, host string) string {
	return mail.XText(fmt.Sprintf("AM.%s.%s@%s", id, made.UTC().Format("20060102T150405Z"), host))
}

// NewMailID makes the id that names a message in quarantine and database, and the secret that allows its release. The
// secret is random bits in base64url; the id is the MD5 sum of those bits, cut to the same length, so that the one proves
// the other and not the reverse. An id begins and ends with a letter or digit. bits is $mail_id_size_bits, a multiple
// of 24 up to 120.
func NewMailID(bits int) (id, secret string, err error) {
	raw := make([]byte, bits/8)
	for {
		if _, err := rand.Read(raw); err != nil {
			return "", "", err
		}
		sum := md5.Sum(raw)
		id = base64.URLEncoding.EncodeToString(sum[:])[:bits/6]
		if !strings.ContainsRune("-_", rune(id[0])) && !strings.ContainsRune("-_", rune(id[len(id)-1])) {
			return id, base64.URLEncoding.EncodeToString(raw), nil
		}
	}
}
