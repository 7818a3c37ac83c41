package metrics

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glovebox"
	"glovebox/internal/jobwatch"
)

type jobs struct {
	submitted, ended                                *prometheus.CounterVec
	toPlace, toStart, toByte, run, toSeal, teardown prometheus.Observer
}

func (m *Metrics) newJobs() jobs {
	one := func(name, help string, buckets []float64) prometheus.Observer {
		return m.histogram(name, help, buckets).WithLabelValues()
	}
	return jobs{
		submitted: m.counter("glovebox_jobs_submitted_total", "jobs accepted", "tenant"),
		ended:     m.counter("glovebox_jobs_ended_total", "jobs that came to an end; the reason is empty unless they failed", "outcome", "reason", "tenant"),
		toPlace:   one("glovebox_job_queue_seconds", "from submit to a place on a node", jobBuckets),
		toStart:   one("glovebox_job_start_seconds", "from submit to the command's start", jobBuckets),
		toByte:    one("glovebox_job_first_byte_seconds", "from submit to the first byte of output in the store", jobBuckets),
		run:       one("glovebox_job_run_seconds", "from the command's start to its end", runBuckets),
		toSeal:    one("glovebox_job_seal_seconds", "from the end to the output being complete and durable", jobBuckets),
		teardown:  one("glovebox_job_teardown_seconds", "from the end to nothing being left", jobBuckets),
	}
}

var _ jobwatch.Observer = (*Metrics)(nil)

// Moved implements jobwatch.Observer.
func (m *Metrics) Moved(_ context.Context, was jobwatch.Mark, is glovebox.Job, at time.Time) {
	if was.Version == 0 {
		m.jobs.submitted.WithLabelValues(m.tenant(is.Tenant)).Inc()
	}
	first := len(is.Causes) == 0 // a later attempt's times are not the submitter's
	if is.Attempt > was.Attempt && first {
		took(m.jobs.toPlace, is.CreatedAt, is.PlacedAt)
	}
	started := jobwatch.Started(is)
	if was.StartedAt.IsZero() && first {
		took(m.jobs.toStart, is.CreatedAt, started)
	}
	if !was.Status.Ended() && is.Status.Ended() {
		m.jobs.ended.WithLabelValues(string(is.Outcome), string(is.Reason), m.tenant(is.Tenant)).Inc()
		took(m.jobs.run, started, is.EndedAt)
	}
	if !was.Sealed && is.Output.Sealed {
		took(m.jobs.toSeal, is.EndedAt, at)
		m.decisions.forget(is.ID)
	}
	if was.ArchivedAt.IsZero() {
		took(m.jobs.teardown, is.EndedAt, is.ArchivedAt)
	}
}

// FirstByte implements jobwatch.Observer.
func (m *Metrics) FirstByte(_ string, is jobwatch.Mark) {
	took(m.jobs.toByte, is.CreatedAt, is.FirstByte)
}

// took observes the time between two points, if both were reached. Nodes have
// clocks of their own: less than nothing is nothing.
func took(o prometheus.Observer, from, to time.Time) {
	if !from.IsZero() && !to.IsZero() {
		o.Observe(max(0, to.Sub(from).Seconds()))
	}
}

// tenant is the value of the label of that name.
func (m *Metrics) tenant(name string) string {
	if slices.Contains(m.tenants, name) {
		return name
	}
	return "other"
}
