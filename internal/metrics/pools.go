package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"glovebox"
)

// pools tells what nodes have parked, as they last told control; the agents
// themselves listen to nobody. Nodes are added up, so that none is a label, and
// of times the largest counts. Templates are the operator's, and few.
type pools struct {
	read     func() []glovebox.PoolStatus
	slots    *prometheus.Desc
	target   *prometheus.Desc
	memory   *prometheus.Desc
	oldest   *prometheus.Desc
	hits     *prometheus.Desc
	misses   *prometheus.Desc
	refills  *prometheus.Desc
	failures *prometheus.Desc
	wall     *prometheus.Desc
	cpu      *prometheus.Desc
	claim    *prometheus.Desc
}

func (m *Metrics) pools(read func() []glovebox.PoolStatus) {
	describe := func(kind, name, help string, labels ...string) *prometheus.Desc {
		labels = append([]string{"template"}, labels...)
		m.define(kind, name, help, labels)
		return prometheus.NewDesc(name, help, labels, nil)
	}
	p := &pools{
		read:     read,
		slots:    describe("gauge", "glovebox_pool_sandboxes", "sandboxes that are none of a job's yet: making, parked, taken, leaving", "state"),
		target:   describe("gauge", "glovebox_pool_target", "parked sandboxes that there should be, by the demand of late"),
		memory:   describe("gauge", "glovebox_pool_memory_bytes", "memory that the parked sandboxes take"),
		oldest:   describe("gauge", "glovebox_pool_oldest_seconds", "how long the oldest one has been parked; 0 if there is none"),
		hits:     describe("counter", "glovebox_pool_hits_total", "jobs that were started from a parked sandbox"),
		misses:   describe("counter", "glovebox_pool_misses_total", "jobs that were started cold: empty, unfair, failed, off", "reason"),
		refills:  describe("counter", "glovebox_pool_refills_total", "sandboxes that were parked"),
		failures: describe("counter", "glovebox_pool_refill_failures_total", "sandboxes that could not be parked"),
		wall:     describe("gauge", "glovebox_pool_refill_seconds", "how long it takes to park one, median of the last"),
		cpu:      describe("gauge", "glovebox_pool_refill_cpu_seconds", "CPU time that it takes, median of the last; missing if not known"),
		claim:    describe("gauge", "glovebox_pool_claim_seconds", "from taking a parked one to its command being started, quantile of the last: p50, p95", "quantile"),
	}
	if read != nil {
		m.registry.MustRegister(p)
	}
}

// Describe implements prometheus.Collector.
func (p *pools) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{p.slots, p.target, p.memory, p.oldest, p.hits, p.misses, p.refills, p.failures, p.wall, p.cpu, p.claim} {
		out <- d
	}
}

// sum is one template's pools on all nodes.
type sum struct {
	glovebox.PoolStatus
	slots  map[string]int
	memory int64
	oldest float64
}

// Collect implements prometheus.Collector.
func (p *pools) Collect(out chan<- prometheus.Metric) {
	by := map[string]*sum{}
	for _, s := range p.read() {
		if by[s.Template] == nil {
			by[s.Template] = &sum{slots: map[string]int{}, PoolStatus: glovebox.PoolStatus{Misses: map[string]int64{}}}
		}
		by[s.Template].add(s)
	}
	for template, t := range by {
		tell := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(d, kind, v, append([]string{template}, labels...)...)
		}
		for _, state := range []string{"making", "parked", "taken", "leaving"} {
			tell(p.slots, prometheus.GaugeValue, float64(t.slots[state]), state)
		}
		for _, why := range glovebox.PoolMisses() {
			tell(p.misses, prometheus.CounterValue, float64(t.Misses[why]), why)
		}
		tell(p.target, prometheus.GaugeValue, float64(t.Target))
		tell(p.memory, prometheus.GaugeValue, float64(t.memory))
		tell(p.oldest, prometheus.GaugeValue, t.oldest)
		tell(p.hits, prometheus.CounterValue, float64(t.Hits))
		tell(p.refills, prometheus.CounterValue, float64(t.Refills))
		tell(p.failures, prometheus.CounterValue, float64(t.Failures))
		if t.RefillWall > 0 {
			tell(p.wall, prometheus.GaugeValue, t.RefillWall.Seconds())
		}
		if t.RefillCPU > 0 {
			tell(p.cpu, prometheus.GaugeValue, t.RefillCPU.Seconds())
		}
		if t.ClaimP50 > 0 {
			tell(p.claim, prometheus.GaugeValue, t.ClaimP50.Seconds(), "p50")
			tell(p.claim, prometheus.GaugeValue, t.ClaimP95.Seconds(), "p95")
		}
	}
}

func (t *sum) add(s glovebox.PoolStatus) {
	for _, slot := range s.Slots {
		t.slots[slot.State]++
		if slot.State == "parked" {
			t.oldest = max(t.oldest, s.Seen.Sub(slot.Since).Seconds())
		}
	}
	t.memory += s.Memory * int64(s.Count("parked"))
	for why, n := range s.Misses {
		t.Misses[why] += n
	}
	t.Target += s.Target
	t.Hits += s.Hits
	t.Refills += s.Refills
	t.Failures += s.Failures
	t.RefillWall = max(t.RefillWall, s.RefillWall)
	t.RefillCPU = max(t.RefillCPU, s.RefillCPU)
	t.ClaimP50 = max(t.ClaimP50, s.ClaimP50)
	t.ClaimP95 = max(t.ClaimP95, s.ClaimP95)
}
