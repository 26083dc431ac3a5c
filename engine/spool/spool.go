// Package spool holds the bytes of messages in work: in memory while small, in the task's own folder once large.
package spool

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Errors of Body.Write. A full disk comes as an error that wraps syscall.ENOSPC or EDQUOT.
var (
	// ErrTooLarge says that one message is over Options.BodyMax.
	ErrTooLarge = errors.New("message larger than the spool takes")
	// ErrFull says that all messages in work together are over Options.TotalMax; a later try may succeed.
	ErrFull = errors.New("spool full")
)

// Options of a Spool. The zero value works below the system's folder for temporary files.
type Options struct {
	// TempBase is the folder of task folders ($TEMPBASE); it must exist.
	TempBase string
	// MemoryMax is the size up to which a body stays in memory, in bytes; 0 is 256 KiB, below 0 puts all on disk.
	MemoryMax int
	// BodyMax bounds one body, in bytes; 0 is no bound.
	BodyMax int64
	// TotalMax bounds the bodies of all unfinished tasks together, in bytes; 0 is no bound.
	TotalMax int64
	// KeepFolders is the number of empty task folders kept for reuse; 0 is 8, below 0 keeps none.
	KeepFolders int
	// Now is the clock that names folders; nil is time.Now.
	Now func() time.Time
	// Logf hears of folders that could not be cleaned; nil is silence.
	Logf func(format string, args ...any)
}

// Spool gives out tasks. One process opens one Spool for a TempBase. Its methods may be called from any goroutine.
type Spool struct {
	opt   Options
	total atomic.Int64

	mu     sync.Mutex
	free   []string
	tasks  map[*Task]struct{}
	closed bool

	buffers sync.Pool
}

// Open checks the base folder and removes the task folders that an earlier process of ours left behind. A folder is
// ours when it belongs to our user and its name carries our check letters (see folderName); folders of a process that
// still runs stay.
func Open(opt Options) (*Spool, error) {
	if opt.TempBase == "" {
		opt.TempBase = os.TempDir()
	}
	if opt.MemoryMax == 0 {
		opt.MemoryMax = 256 << 10
	}
	if opt.KeepFolders == 0 {
		opt.KeepFolders = 8
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Logf == nil {
		opt.Logf = func(string, ...any) {}
	}
	st, err := os.Stat(opt.TempBase)
	if err != nil {
		return nil, fmt.Errorf("base folder of temporary files: %w", err)
	}
	if !st.IsDir() {
		return nil, fmt.Errorf("base folder of temporary files: %s is no folder", opt.TempBase)
	}
	s := &Spool{opt: opt, tasks: map[*Task]struct{}{}}
	s.buffers.New = func() any { return new(bytes.Buffer) }
	s.sweep()
	return s, nil
}

// Task starts a task: one message. Nothing is put on disk before it is needed.
func (s *Spool) Task() *Task {
	t := &Task{spool: s}
	t.body.task = t
	s.mu.Lock()
	s.tasks[t] = struct{}{}
	s.mu.Unlock()
	return t
}

// Used is the number of bytes in the bodies of unfinished tasks.
func (s *Spool) Used() int64 { return s.total.Load() }

// Close removes the folders kept for reuse and those of tasks still open.
func (s *Spool) Close() error {
	s.mu.Lock()
	s.closed = true
	free := s.free
	s.free = nil
	var open []*Task
	for t := range s.tasks {
		open = append(open, t)
	}
	s.mu.Unlock()
	var errs []error
	for _, t := range open {
		errs = append(errs, t.Close())
	}
	for _, dir := range free {
		errs = append(errs, removeAll(dir))
	}
	return errors.Join(errs...)
}

// folder gives an empty task folder, a kept one when there is one.
func (s *Spool) folder() (string, error) {
	s.mu.Lock()
	if n := len(s.free); n > 0 {
		dir := s.free[n-1]
		s.free = s.free[:n-1]
		s.mu.Unlock()
		if st, err := os.Lstat(dir); err == nil && st.IsDir() {
			return dir, nil
		}
	} else {
		s.mu.Unlock()
	}
	return s.makeFolder()
}

// giveBack empties a folder and keeps it, or removes it.
func (s *Spool) giveBack(dir string) error {
	s.mu.Lock()
	keep := !s.closed && len(s.free) < s.opt.KeepFolders
	s.mu.Unlock()
	if !keep {
		return removeAll(dir)
	}
	if err := emptyFolder(dir); err != nil {
		s.opt.Logf("task folder %s could not be emptied: %v", dir, err)
		return removeAll(dir)
	}
	s.mu.Lock()
	if keep = !s.closed && len(s.free) < s.opt.KeepFolders; keep { // others may have come first
		s.free = append(s.free, dir)
	}
	s.mu.Unlock()
	if !keep {
		return removeAll(dir)
	}
	return nil
}
