// Package filetype says what kind of data a file holds, in the words of file(1).
//
// Rules in configurations match these very words ($map_full_type_to_short_type_re, @keep_decoded_original_maps), so file(1)
// stays the judge. It runs as a lasting co-process: names go in, one line comes out for each. What it said of a content is kept
// for a while, since letterheads, signatures and bulk mail come again and again, and file(1) takes milliseconds for a text.
package filetype

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// Options tune a Classifier. The zero value is usable.
type Options struct {
	// Processes is how many co-processes may run at once; 0 means 2.
	Processes int
	// Files is after how many files a co-process is replaced; 0 means 10000.
	Files int
	// Patience is how long one file may take; 0 means 20 seconds.
	Patience time.Duration
	// Keep is how many answers are kept by content at most, for files that come again; 0 means 2000, below 0 none. They are
	// forgotten when a co-process starts, and after an hour.
	Keep int
	// Idle is after how long a co-process that nobody asks is ended; 0 means 10 seconds.
	Idle time.Duration
	// Args are the arguments of the program; nil means -b -n -f -.
	Args []string
	// Dir is the folder that the co-process runs in; "" is the daemon's own.
	Dir string
	Env []string
}

// Classifier asks file(1), or the built-in table when there is no program. It may be used by several goroutines.
type Classifier struct {
	command []string
	o       Options
	idle    chan *process
	closed  chan struct{}
	known   cache
}

// New returns a classifier that runs the program, a path that may be followed by arguments of its own. With "" it knows
// only what Guess knows. Nothing is started before it is needed.
func New(program string, o Options) *Classifier {
	if o.Processes <= 0 {
		o.Processes = 2
	}
	if o.Files <= 0 {
		o.Files = 10000
	}
	if o.Patience <= 0 {
		o.Patience = 20 * time.Second
	}
	if o.Keep == 0 {
		o.Keep = 2000
	}
	if o.Idle <= 0 {
		o.Idle = 10 * time.Second
	}
	if o.Args == nil {
		o.Args = []string{"-b", "-n", "-f", "-"}
	}
	c := &Classifier{o: o, idle: make(chan *process, o.Processes), closed: make(chan struct{})}
	c.known.half = o.Keep / 2
	if c.command = strings.Fields(program); len(c.command) > 0 {
		for range o.Processes {
			c.idle <- nil
		}
	}
	return c
}

// BuiltIn says that no program is used: types are then guessed from a small table, and rules that match on rare words of
// file(1) do not match.
func (c *Classifier) BuiltIn() bool { return len(c.command) == 0 }

// Close ends the co-processes.
func (c *Classifier) Close() {
	select {
	case <-c.closed:
		return
	default:
		close(c.closed)
	}
	c.drain()
}

func (c *Classifier) drain() {
	for {
		select {
		case p := <-c.idle:
			p.stop()
		default:
			return
		}
	}
}

// free makes a place in the pool free again, with a co-process or nil.
func (c *Classifier) free(p *process) {
	c.idle <- p
	select {
	case <-c.closed:
		c.drain()
	default:
	}
}

// Classify gives the words of file(1) for each of the files, in order. The names must not hold a newline. A program that
// dies or stalls is started again once; an error means that the types are not known.
func (c *Classifier) Classify(ctx context.Context, paths []string) ([]string, error) {
	for _, p := range paths {
		if strings.ContainsAny(p, "\n\x00") || p == "" {
			return nil, fmt.Errorf("file name %q cannot be given to file(1)", p)
		}
	}
	if c.BuiltIn() {
		return guessAll(paths)
	}
	if c.known.half <= 0 {
		return c.ask(ctx, paths)
	}
	type open struct {
		at   int
		key  key
		keep bool
	}
	longs := make([]string, len(paths))
	var asked []open
	var names []string
	for i, p := range paths {
		k, ok := keyOf(p)
		if ok {
			if longs[i], ok = c.known.get(k, time.Now()); ok {
				continue
			}
			ok = true
		}
		asked, names = append(asked, open{i, k, ok}), append(names, p)
	}
	if len(asked) == 0 {
		return longs, nil
	}
	answers, err := c.ask(ctx, names)
	if err != nil {
		return nil, err
	}
	for i, a := range asked {
		if longs[a.at] = answers[i]; a.keep {
			c.known.put(a.key, answers[i])
		}
	}
	return longs, nil
}

// ask puts the question to a co-process.
func (c *Classifier) ask(ctx context.Context, paths []string) ([]string, error) {
	var p *process
	select {
	case p = <-c.idle:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.closed:
		return nil, errors.New("file type classifier is closed")
	}
	out := make([]string, 0, len(paths))
	for tries := 0; len(out) < len(paths); {
		if p != nil && (p.used >= c.o.Files || time.Since(p.since) > maxAge) {
			p.stop()
			p = nil
		}
		var err error
		if p == nil {
			p, err = c.start()
		}
		if err == nil {
			had := len(out)
			if out, err = p.ask(ctx, out, batch(paths[had:]), c.o.Patience); err == nil {
				continue
			}
			if len(out) > had {
				tries = 0
			}
			p.stop()
			p = nil
		}
		if tries++; tries > 1 || ctx.Err() != nil {
			c.free(nil)
			return nil, fmt.Errorf("running %s: %w", c.command[0], err)
		}
	}
	c.giveBack(p)
	return out, nil
}

// giveBack leaves a co-process to others. When there are none for a while it ends, and its memory is free.
func (c *Classifier) giveBack(p *process) {
	p.last = time.Now()
	if p.rest == nil {
		p.rest = time.AfterFunc(c.o.Idle, c.endIdle)
	} else {
		p.rest.Reset(c.o.Idle)
	}
	c.free(p)
}

// endIdle ends the co-processes that nobody asked for a while.
func (c *Classifier) endIdle() {
	for range c.o.Processes {
		select {
		case p := <-c.idle:
			if p != nil && time.Since(p.last) >= c.o.Idle {
				p.stop()
				p = nil
			}
			c.free(p)
		default:
			return
		}
	}
}

// process is one running file(1).
type process struct {
	cmd         *exec.Cmd
	in          io.WriteCloser
	lines       chan string
	used        int
	since, last time.Time
	rest        *time.Timer
}

func (c *Classifier) start() (*process, error) {
	cmd := exec.Command(c.command[0], append(append([]string(nil), c.command[1:]...), c.o.Args...)...)
	cmd.Dir, cmd.Env = c.o.Dir, c.o.Env
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, in: in, lines: make(chan string, 64), since: time.Now()}
	c.known.reset(p.since)
	go p.read(out)
	return p, nil
}

const maxAnswer = 64 << 10

func (p *process) read(out io.Reader) {
	defer close(p.lines)
	in := bufio.NewReaderSize(out, maxAnswer)
	for {
		ln, err := in.ReadSlice('\n')
		for err == bufio.ErrBufferFull { // only the beginning of an endless answer
			keep := string(ln)
			_, err = in.ReadSlice('\n')
			ln = []byte(keep)
		}
		if err != nil {
			return
		}
		p.lines <- strings.TrimLeft(strings.TrimRight(string(ln), "\r\n"), " \t")
	}
}

// batch is the beginning of the list that certainly fits into a pipe, so that writing it never waits.
func batch(paths []string) []string {
	n := 0
	for i, p := range paths {
		if n += len(p) + 1; n > 16<<10 && i > 0 {
			return paths[:i]
		}
	}
	return paths
}

// ask gives all names at once and appends the answers to out as they come.
func (p *process) ask(ctx context.Context, out, paths []string, patience time.Duration) ([]string, error) {
	p.used += len(paths)
	if _, err := io.WriteString(p.in, strings.Join(paths, "\n")+"\n"); err != nil {
		return out, err
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	for range paths {
		select {
		case long, ok := <-p.lines:
			if !ok {
				return out, errors.New("ended without an answer")
			}
			out = append(out, long)
			t.Reset(patience)
		case <-t.C:
			return out, fmt.Errorf("no answer in %s", patience)
		case <-ctx.Done():
			return out, ctx.Err()
		}
	}
	return out, nil
}

// stop kills the process and waits for it and its reader.
func (p *process) stop() {
	if p == nil {
		return
	}
	if p.rest != nil {
		p.rest.Stop()
	}
	p.in.Close()
	_ = p.cmd.Process.Kill()
	go func() {
		for range p.lines {
		}
	}()
	_ = p.cmd.Wait()
}
