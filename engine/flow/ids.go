package flow

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"

	"mavis/engine/mail"
)

// LogIDs numbers connections the way log readers know it: PID-NN, and PID-NN-NN for further messages of a connection.
// There PID is a child process of the original; here it is the number of a worker, which counts up from our own process
// number, so that an id does not come again while a day's log is read.
type LogIDs struct {
	mu     sync.Mutex
	next   int
	number int // of connections that no worker serves
	count  int
}

// NewLogIDs starts at a process number.
func NewLogIDs(pid int) *LogIDs { return &LogIDs{next: pid} }

// perNumber is how many connections without a worker share a number.
const perNumber = 99

// Worker gives a new worker its number.
func (l *LogIDs) Worker() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	return l.next - 1
}

// Connection gives the id of a new connection that no worker serves.
func (l *LogIDs) Connection() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count == 0 || l.count == perNumber {
		l.number, l.count = l.next, 0
		l.next++
	}
	l.count++
	return fmt.Sprintf("%05d-%02d", l.number, l.count)
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
