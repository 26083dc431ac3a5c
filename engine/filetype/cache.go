package filetype

import (
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	hashedSize = 256 << 10 // bytes of a file that are hashed at most; larger ones are asked for each time
	keptAnswer = 200       // bytes of an answer that is kept at most
	maxAge     = time.Hour // of a co-process and of the answers kept
)

// key is all of a regular file that file(1) looks at when it is not told the name: content and mode (it tells of set-user-id
// bits, and of what may be executed).
type key struct {
	sum  [sha256.Size]byte
	mode uint32
}

// cache keeps answers by content. It has two halves: when the younger is full it becomes the older one, and what was in that is
// forgotten unless it was asked for meanwhile.
type cache struct {
	mu         sync.Mutex
	half       int // entries in one half; 0 keeps nothing
	young, old map[key]string
	since      time.Time
}

func (c *cache) get(k key, now time.Time) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.since) > maxAge {
		c.clear(now)
		return "", false
	}
	long, ok := c.young[k]
	if !ok {
		if long, ok = c.old[k]; ok {
			c.add(k, long)
		}
	}
	return long, ok
}

func (c *cache) put(k key, long string) {
	if len(long) > keptAnswer || failure(long) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(k, strings.Clone(long))
}

func (c *cache) add(k key, long string) {
	if c.half <= 0 {
		return
	}
	if c.young == nil || len(c.young) >= c.half {
		c.old, c.young = c.young, map[key]string{}
	}
	c.young[k] = long
}

// reset forgets everything: a co-process that starts may have read other rules.
func (c *cache) reset(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear(now)
}

func (c *cache) clear(now time.Time) { c.young, c.old, c.since = nil, nil, now }

// failure says that file(1) speaks of trouble, which may be gone the next time.
func failure(long string) bool {
	return long == "" || strings.HasPrefix(long, "cannot ") || strings.Contains(long, "ERROR") || strings.Contains(long, "no read permission")
}

// keyOf reads a file; ok is false when its answer is not to be kept: it is large, not regular, or cannot be read.
func keyOf(path string) (k key, ok bool) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return k, false
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() || st.Size() > hashedSize {
		return k, false
	}
	sys, is := st.Sys().(*syscall.Stat_t)
	if !is {
		return k, false
	}
	h := sha256.New()
	buf := buffers.Get().(*[readSize]byte)
	defer buffers.Put(buf)
	var n int64
	for {
		got, err := f.Read(buf[:])
		h.Write(buf[:got])
		if n += int64(got); n > hashedSize {
			return k, false
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return k, false
		}
	}
	h.Sum(k.sum[:0])
	k.mode = sys.Mode
	return k, n > 0
}

const readSize = 16 << 10

var buffers = sync.Pool{New: func() any { return new([readSize]byte) }}
