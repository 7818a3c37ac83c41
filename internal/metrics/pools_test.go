package metrics_test

import (
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/metrics"
)

// TestPools: nodes are added up, and what is not known is left out.
func TestPools(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	node := func(hits int64, ages ...time.Duration) glovebox.PoolStatus {
		p := glovebox.PoolStatus{Seen: now, Template: "generic", Target: 4, Hits: hits, Memory: 10, Misses: map[string]int64{"empty": 2}, ClaimP50: time.Duration(hits) * time.Millisecond}
		for _, age := range ages {
			p.Slots = append(p.Slots, glovebox.PoolSlot{State: "parked", Since: now.Add(-age)})
		}
		return p
	}
	all := []glovebox.PoolStatus{node(3, time.Minute, time.Second), node(4, time.Hour)}
	m := metrics.New(metrics.Config{Pools: func() []glovebox.PoolStatus { return all }})
	text := scrape(t, m)
	wants(t, text,
		`glovebox_pool_sandboxes{state="parked",template="generic"} 3`,
		`glovebox_pool_sandboxes{state="making",template="generic"} 0`,
		`glovebox_pool_target{template="generic"} 8`,
		`glovebox_pool_memory_bytes{template="generic"} 30`,
		`glovebox_pool_oldest_seconds{template="generic"} 3600`,
		`glovebox_pool_hits_total{template="generic"} 7`,
		`glovebox_pool_misses_total{reason="empty",template="generic"} 4`,
		`glovebox_pool_misses_total{reason="off",template="generic"} 0`,
		`glovebox_pool_claim_seconds{quantile="p50",template="generic"} 0.004`,
	)
	if strings.Contains(text, "\nglovebox_pool_refill_cpu_seconds{") {
		t.Error("tells a time that nobody knows")
	}
	all = nil
	if text = scrape(t, m); strings.Contains(text, "\nglovebox_pool_hits_total{") {
		t.Error("tells of nodes that are silent")
	}
}
