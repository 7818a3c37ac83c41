// Package metrics counts and times what control does, for Prometheus. The
// decorators (Store, Blobs, Provider, Output) stand around an interface, one file each;
// what becomes of jobs comes from package jobwatch.
//
// Every name begins with glovebox_ and ends in its unit. No label takes a value
// that a caller chooses: no job, person, node or image. Tenants are named only
// if the configuration lists them. docs/observability.md holds the table, which
// a test compares with what is registered here.
package metrics

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"glovebox"
)

// Config is what is measured besides what passes through the decorators. The
// zero value is fine.
type Config struct {
	Version string           // of the program
	Now     func() time.Time // time.Now if nil

	// Tenants are those whose jobs are counted apart, for each is a value of
	// the label tenant. All others are counted as "other".
	Tenants []string

	// Placed counts the jobs that have a place on a node; may be nil.
	Placed func() int
	// Sessions counts the live sessions; may be nil. It is called at each
	// scrape, and an error leaves the number out.
	Sessions func(ctx context.Context) (int, error)
	// Jobs is what the census lists, at each scrape; may be nil.
	Jobs glovebox.Jobs
	// Waiting counts the jobs in the queue, so that a very long one need not
	// be listed; may be nil.
	Waiting func() int
	// Pools is what nodes have parked; may be nil.
	Pools func() []glovebox.PoolStatus
}

// Metrics is the measurements of one process. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	table    []Definition
	now      func() time.Time
	tenants  []string

	requests requests
	jobs     jobs
	power    power
	store    calls
	blobs    calls
	provider calls
	appended prometheus.Counter

	decisions *decisions
}

// New returns Metrics in which nothing has been counted yet.
func New(c Config) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), now: c.Now, tenants: slices.Clone(c.Tenants)}
	if m.now == nil {
		m.now = time.Now
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build := m.gauge("glovebox_build_info", "always 1; the label is the program's version", "version")
	build.WithLabelValues(c.Version).Set(1)
	m.requests = m.newRequests()
	m.jobs = m.newJobs()
	m.power = m.newPower()
	m.store = m.newCalls("store", "call of the store")
	m.blobs = m.newCalls("blob", "call of the blobs")
	m.provider = m.newCalls("provider", "call of the provider")
	m.appended = m.counter("glovebox_blob_appended_bytes_total", "bytes appended to blobs: output and input of jobs").WithLabelValues()
	m.decisions = m.newDecisions()
	m.gaugeFunc("glovebox_sandboxes_placed", "jobs that have a place on a node", c.Placed)
	m.census(c.Jobs, c.Waiting)
	m.sessions(c.Sessions)
	m.pools(c.Pools)
	return m
}
