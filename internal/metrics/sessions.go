package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// sessionCount asks how many sessions are live at each scrape.
type sessionCount struct {
	count func(context.Context) (int, error)
	desc  *prometheus.Desc
}

func (m *Metrics) sessions(count func(context.Context) (int, error)) {
	const name, help = "glovebox_sessions", "live sessions of people and workloads"
	m.define("gauge", name, help, nil)
	if count != nil {
		m.registry.MustRegister(&sessionCount{count, prometheus.NewDesc(name, help, nil, nil)})
	}
}

// Describe implements prometheus.Collector.
func (s *sessionCount) Describe(out chan<- *prometheus.Desc) { out <- s.desc }

// Collect implements prometheus.Collector.
func (s *sessionCount) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	if n, err := s.count(ctx); err == nil {
		out <- prometheus.MustNewConstMetric(s.desc, prometheus.GaugeValue, float64(n))
	}
}
