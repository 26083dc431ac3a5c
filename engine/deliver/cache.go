package deliver

import (
	"sync"
	"time"
)

// Limits of the original on connections kept: they are asked by NOOP after 18 seconds without a word, and not used again
// after 30 seconds, or 60 since they were made.
const (
	freshFor = 18 * time.Second
	idleFor  = 30 * time.Second
	keepFor  = 60 * time.Second
)

// cache keeps idle sessions.
type cache struct {
	mu     sync.Mutex
	idle   map[string][]*session
	timer  *time.Timer
	closed bool
}

// take gives a session for one of the keys, or nil.
func (c *cache) take(key string) *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.idle[key]
	if len(list) == 0 {
		return nil
	}
	s := list[len(list)-1]
	if list = list[:len(list)-1]; len(list) == 0 {
		delete(c.idle, key)
	} else {
		c.idle[key] = list
	}
	return s
}

// put keeps a session, or ends it.
func (c *cache) put(s *session, most int) {
	c.mu.Lock()
	if c.closed || len(c.idle[s.key]) >= most || time.Since(s.born) >= keepFor {
		c.mu.Unlock()
		s.quit()
		return
	}
	if c.idle == nil {
		c.idle = map[string][]*session{}
	}
	c.idle[s.key] = append(c.idle[s.key], s)
	if c.timer == nil {
		c.timer = time.AfterFunc(idleFor/2, c.sweep)
	}
	c.mu.Unlock()
}

func stale(s *session, now time.Time) bool {
	return now.Sub(s.used) >= idleFor || now.Sub(s.born) >= keepFor
}

// sweep ends sessions that waited too long, and comes again while some are left.
func (c *cache) sweep() {
	now := time.Now()
	c.mu.Lock()
	var old []*session
	for key, list := range c.idle {
		kept := list[:0]
		for _, s := range list {
			if stale(s, now) {
				old = append(old, s)
			} else {
				kept = append(kept, s)
			}
		}
		if len(kept) == 0 {
			delete(c.idle, key)
		} else {
			c.idle[key] = kept
		}
	}
	c.timer = nil
	if len(c.idle) > 0 && !c.closed {
		c.timer = time.AfterFunc(idleFor/2, c.sweep)
	}
	c.mu.Unlock()
	for _, s := range old {
		s.quit()
	}
}

func (c *cache) close() {
	c.mu.Lock()
	c.closed = true
	if c.timer != nil {
		c.timer.Stop()
	}
	idle := c.idle
	c.idle = nil
	c.mu.Unlock()
	for _, list := range idle {
		for _, s := range list {
			s.quit()
		}
	}
}
