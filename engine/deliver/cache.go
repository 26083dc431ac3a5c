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

// kept names a connection that waits: each worker has at most one for each target, as the original's children have.
type kept struct {
	worker int
	key    string
}

// cache keeps idle sessions.
type cache struct {
	mu     sync.Mutex
	idle   map[kept]*session
	timer  *time.Timer
	closed bool
}

// take gives a worker's session for a target, or nil.
func (c *cache) take(worker int, key string) *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.idle[kept{worker, key}]
	delete(c.idle, kept{worker, key})
	return s
}

// put keeps a session, or ends it.
func (c *cache) put(worker int, s *session) {
	name := kept{worker, s.key}
	c.mu.Lock()
	if c.closed || c.idle[name] != nil || time.Since(s.born) >= keepFor {
		c.mu.Unlock()
		s.quit()
		return
	}
	if c.idle == nil {
		c.idle = map[kept]*session{}
	}
	c.idle[name] = s
	if c.timer == nil {
		c.timer = time.AfterFunc(idleFor/2, c.sweep)
	}
	c.mu.Unlock()
}

// remove takes out the sessions that which says yes to.
func (c *cache) remove(which func(kept, *session) bool) (out []*session) {
	for name, s := range c.idle {
		if which(name, s) {
			out = append(out, s)
			delete(c.idle, name)
		}
	}
	return out
}

// retire ends the sessions of a worker.
func (c *cache) retire(worker int) {
	c.mu.Lock()
	gone := c.remove(func(k kept, _ *session) bool { return k.worker == worker })
	c.mu.Unlock()
	for _, s := range gone {
		s.quit()
	}
}

func stale(s *session, now time.Time) bool {
	return now.Sub(s.used) >= idleFor || now.Sub(s.born) >= keepFor
}

// sweep ends sessions that waited too long, and comes again while some are left.
func (c *cache) sweep() {
	now := time.Now()
	c.mu.Lock()
	old := c.remove(func(_ kept, s *session) bool { return stale(s, now) })
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
	for _, s := range idle {
		s.quit()
	}
}
