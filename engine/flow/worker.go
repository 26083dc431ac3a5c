package flow

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mavis/engine/deliver"
	"mavis/perlconf/eval"
)

// worker stands for a child process of the original: it has one connection at a time, a process number that log ids show,
// and connections to next hops of its own. After $max_requests messages another one takes its place.
type worker struct {
	slot     int // of the server; also its name toward deliver
	number   int
	sessions int
	tasks    int
	done     time.Time // when the last message was answered; zero before
	keep     bool      // connections to next hops are kept
}

// workers has the worker of each slot.
type workers struct {
	mu   sync.Mutex
	list map[int]*worker
}

// begin gives the worker that serves a new session; nil without slots.
func (f *Flow) begin(slot int) *worker {
	if slot == 0 {
		return nil
	}
	f.workers.mu.Lock()
	defer f.workers.mu.Unlock()
	w := f.workers.list[slot]
	if w == nil {
		if f.workers.list == nil {
			f.workers.list = map[int]*worker{}
		}
		w = &worker{slot: slot, number: f.opt.IDs.Worker(), keep: eval.ToBool(f.config.Load().Global('$', "smtp_connection_cache_enable"))}
		f.workers.list[slot] = w
	}
	w.sessions++
	return w
}

// id is the log id of the worker's session.
func (w *worker) id() string { return fmt.Sprintf("%05d-%02d", w.number, w.sessions) }

// finish retires a worker that has had its share of messages.
func (f *Flow) finish(w *worker) {
	most := f.config.Load().Servers.MaxRequests
	if w == nil || most <= 0 || w.tasks < most {
		return
	}
	f.workers.mu.Lock()
	delete(f.workers.list, w.slot)
	f.workers.mu.Unlock()
	if f.opt.Retire != nil {
		f.opt.Retire(w.slot)
	}
}

// pace decides whether connections are kept, by the time since the worker's last message ($smtp_connection_cache_on_demand).
func (f *Flow) pace(w *worker, received time.Time) {
	if w == nil || w.done.IsZero() || !eval.ToBool(f.config.Load().Global('$', "smtp_connection_cache_on_demand")) {
		return
	}
	switch idle := received.Sub(w.done); {
	case idle < 5*time.Second:
		w.keep = true
	case idle >= 15*time.Second:
		w.keep = false
	}
}

// deliver sends over the connections of the task's worker.
func (f *Flow) deliver(ctx context.Context, t *Task, methods []string, m *deliver.Outgoing) (*deliver.Result, error) {
	m.Helo, m.NoDSN = t.Policy.Str("localhost_name"), !t.Policy.Bool("propagate_dsn_if_possible")
	if t.worker != nil {
		m.Worker, m.Once = t.worker.slot, !t.worker.keep
	}
	return f.opt.Next.Deliver(ctx, methods, m)
}
