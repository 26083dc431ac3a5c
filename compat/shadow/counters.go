package shadow

import (
	"cmp"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mavis/compat/rehearse"
)

// Counters are what a monitoring system asks a shadow for.
type Counters struct {
	registry *prometheus.Registry
	mails    *prometheus.CounterVec
	verdicts *prometheus.CounterVec
	changes  *prometheus.CounterVec
	seconds  prometheus.Histogram
}

// NewCounters makes counters; dropped gives the number of mails that nobody could judge in time.
func NewCounters(dropped func() int64) *Counters {
	c := &Counters{
		registry: prometheus.NewRegistry(),
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mavis_shadow_mails_total",
			Help: "Mails that were compared, by what came of it: same, different, or unjudged."}, []string{"result"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mavis_shadow_verdicts_total",
			Help: "Mails by the verdict of the filter at work and by ours."}, []string{"theirs", "ours"}),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mavis_shadow_differences_total",
			Help: "Differences by what they are about."}, []string{"aspect"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "mavis_shadow_judging_seconds",
			Help: "Time that our engine took over a mail.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 9)}),
	}
	c.registry.MustRegister(c.mails, c.verdicts, c.changes, c.seconds, prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "mavis_shadow_dropped_total", Help: "Mails that were passed on without being judged, because too many waited."},
		func() float64 { return float64(dropped()) }))
	for _, result := range []string{"same", "different", "unjudged"} {
		c.mails.WithLabelValues(result)
	}
	return c
}

// Add counts a record.
func (c *Counters) Add(r *rehearse.Record) {
	switch {
	case r.Finding != "":
		c.mails.WithLabelValues("unjudged").Inc()
	case len(r.Changes) > 0:
		c.mails.WithLabelValues("different").Inc()
	default:
		c.mails.WithLabelValues("same").Inc()
	}
	seen := map[string]bool{}
	for _, x := range r.Changes {
		if !seen[x.Aspect] {
			seen[x.Aspect] = true
			c.changes.WithLabelValues(x.Aspect).Inc()
		}
	}
	if r.Now == nil {
		return
	}
	theirs := "unknown"
	if r.Then != nil {
		theirs = cmp.Or(r.Then.Verdict(), theirs)
	}
	c.verdicts.WithLabelValues(theirs, r.Now.Verdict()).Inc()
	c.seconds.Observe(r.Now.Millis / 1000)
}

// Handler serves the counters.
func (c *Counters) Handler() http.Handler {
	return promhttp.HandlerFor(c.registry, promhttp.HandlerOpts{})
}
