package unpack

import (
	"fmt"
	"math"
)

// quota is how many bytes may come out of one message.
type quota struct {
	limit, used int64
}

// copying is what the original calls the stage that takes the output of a decompressor.
const copying = "run_command_copy"

// errQuota is an exceeded quota.
type errQuota struct {
	limit int64
	by    string
	chunk int64
}

func (e errQuota) Error() string {
	where := ""
	if e.by == copying {
		where = "run_ccpy: "
	}
	return where + fmt.Sprintf("Exceeded storage quota %d bytes by %s; last chunk %d bytes", e.limit, e.by, e.chunk)
}

// errMemory is a program that was ended because it took too much memory. The part cannot be looked into.
type errMemory struct{ program string }

func (e errMemory) Error() string { return e.program + " takes too much memory" }

// newQuota is max(MinQuota, size×MinFactor, min(MaxQuota, size×MaxFactor)); what is 0 is left out.
func newQuota(size int64, o *Options) quota {
	limit := 0.0
	if o.MinQuota > 0 {
		limit = float64(o.MinQuota)
	}
	if o.MinFactor > 0 {
		limit = max(limit, float64(size)*o.MinFactor)
	}
	upper := math.Inf(1)
	if o.MaxQuota > 0 {
		upper = float64(o.MaxQuota)
	}
	if o.MaxFactor > 0 {
		upper = min(upper, float64(size)*o.MaxFactor)
	}
	if o.MaxQuota > 0 || o.MaxFactor > 0 {
		limit = max(limit, upper)
	}
	if limit <= 0 || limit > math.MaxInt64/2 {
		return quota{limit: math.MaxInt64 / 2}
	}
	return quota{limit: int64(limit)}
}

func (q *quota) left() int64 { return q.limit - q.used }

// check says whether so many bytes still fit.
func (q *quota) check(n int64, by string) error {
	if n > q.left() {
		return errQuota{q.limit, by, n}
	}
	return nil
}

func (q *quota) charge(n int64, by string) error {
	if err := q.check(n, by); err != nil {
		return err
	}
	q.used += n
	return nil
}

// note counts bytes that are let through in any case, such as those of the MIME structure.
func (q *quota) note(n int64) { q.used += n }

// plus adds declared sizes, which may be as large as an archive likes; the sum stays at the largest number.
func plus(a, b int64) int64 {
	if b > math.MaxInt64-a {
		return math.MaxInt64
	}
	return a + b
}
