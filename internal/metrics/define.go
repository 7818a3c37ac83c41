package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Definition describes one metric of ours, for documents.
type Definition struct {
	Name   string
	Kind   string // "counter", "gauge" or "histogram"
	Help   string
	Labels []string
}

// Definitions lists our metrics in the order in which they are made. Those of
// the Go runtime and of the process come besides.
func (m *Metrics) Definitions() []Definition { return m.table }

func (m *Metrics) define(kind, name, help string, labels []string) {
	m.table = append(m.table, Definition{name, kind, help, labels})
}

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	m.define("counter", name, help, labels)
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	m.define("gauge", name, help, labels)
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(g)
	return g
}

// gaugeFunc is a gauge that is asked for at each scrape; nil stands for one
// that is not there.
func (m *Metrics) gaugeFunc(name, help string, f func() int) {
	m.define("gauge", name, help, nil)
	if f != nil {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help},
			func() float64 { return float64(f()) }))
	}
}

func (m *Metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	m.define("histogram", name, help, labels)
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(h)
	return h
}

// Buckets, in seconds: of calls that should take milliseconds, and of what
// jobs wait for.
var (
	callBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}
	jobBuckets  = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800}
	runBuckets  = []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 21600, 86400}
)
