package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"mavis/compat/rehearse"
)

// progress is the bar on a terminal. It counts bytes, since mails differ much.
type progress struct {
	w       io.Writer
	begun   time.Time
	shown   time.Time
	done    int64
	mails   int64
	total   atomic.Int64 // 0 while it is not known
	stopped atomic.Bool
}

// watch shows progress when w is a terminal. What it gives is to be called at the end.
func (c *replayCommand) watch(opt *rehearse.Options, w io.Writer) func() {
	f, ok := w.(*os.File)
	if !ok {
		return func() {}
	}
	st, err := f.Stat()
	if err != nil || st.Mode()&os.ModeCharDevice == 0 || os.Getenv("TERM") == "dumb" || c.NoProgress {
		return func() {}
	}
	p := &progress{w: w, begun: time.Now()}
	go p.count(c.Sources)
	opt.Passed = p.passed
	return func() {
		p.stopped.Store(true)
		fmt.Fprint(w, "\r\033[K")
	}
}

// count adds up what there is to do, beside the work.
func (p *progress) count(sources []string) {
	var sum int64
	for _, s := range sources {
		if s == "-" {
			return // nobody knows
		}
		err := filepath.WalkDir(s, func(_ string, d os.DirEntry, err error) error {
			if p.stopped.Load() {
				return filepath.SkipAll
			}
			if err == nil && !d.IsDir() {
				if info, err := d.Info(); err == nil {
					sum += info.Size()
				}
			}
			return nil
		})
		if err != nil {
			return
		}
	}
	p.total.Store(sum)
}

func (p *progress) passed(size int64) {
	p.done += size
	p.mails++
	now := time.Now()
	if now.Sub(p.shown) < 200*time.Millisecond {
		return
	}
	p.shown = now
	fmt.Fprint(p.w, "\r\033[K"+p.line(now.Sub(p.begun)))
}

// line is the bar after some time.
func (p *progress) line(took time.Duration) string {
	rate := float64(p.mails) / max(took.Seconds(), 0.001)
	total := p.total.Load()
	if total <= 0 || p.done <= 0 {
		return fmt.Sprintf("%d mails, %.0f a second", p.mails, rate)
	}
	share := min(float64(p.done)/float64(total), 1)
	const width = 30
	full := int(share * width)
	left := time.Duration(float64(took) * (1 - share) / share).Round(time.Second)
	return fmt.Sprintf("[%s%s] %3.0f %%  %d mails, %.0f a second, %s left", strings.Repeat("#", full), strings.Repeat(".", width-full), share*100, p.mails, rate, left)
}
