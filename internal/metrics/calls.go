package metrics

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glovebox"
)

// calls measures the methods of one interface.
type calls struct {
	now      func() time.Time
	duration *prometheus.HistogramVec
	errors   *prometheus.CounterVec
}

func (m *Metrics) newCalls(part, help string) calls {
	return calls{
		now:      m.now,
		duration: m.histogram("glovebox_"+part+"_duration_seconds", "how long a "+help+" took", callBuckets, "method"),
		errors:   m.counter("glovebox_"+part+"_errors_total", "a "+help+" returned an error of that kind; not_found and stale are part of normal work", "method", "kind"),
	}
}

// began returns what is to be called with the outcome:
//
//	defer c.began("Job")(&err)
func (c calls) began(method string) func(*error) {
	start := c.now()
	return func(err *error) {
		c.duration.WithLabelValues(method).Observe(c.now().Sub(start).Seconds())
		if *err != nil {
			c.errors.WithLabelValues(method, kindOf(*err)).Inc()
		}
	}
}

// kindOf is an error's kind. That the caller gave up is nobody's fault.
func kindOf(err error) string {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return "given_up"
	}
	return string(glovebox.KindOf(err))
}
