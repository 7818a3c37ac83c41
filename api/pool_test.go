package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/api/wire"
)

// somePools is one node with one pool.
type somePools struct{}

func (somePools) Pools() []glovebox.PoolStatus {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return []glovebox.PoolStatus{{
		Node: "local", Seen: at, Template: glovebox.PoolGeneric, Floor: 4, Ceiling: 32, Target: 5, Memory: 16 << 20,
		Slots: []glovebox.PoolSlot{{ID: "pool-0123456789abcdefghjk", State: "parked", Since: at.Add(-time.Minute)}},
		Hits:  7, Misses: map[string]int64{"empty": 1, "unfair": 2, "failed": 3, "off": 4}, Refills: 9, Failures: 1,
		RefillWall: 50 * time.Millisecond, RefillCPU: 27 * time.Millisecond, ClaimP50: 3 * time.Millisecond, ClaimP95: 8 * time.Millisecond,
	}}
}

type noPools struct{}

func (noPools) Pools() []glovebox.PoolStatus { return nil }

func TestPool(t *testing.T) {
	w := newWorld(t, asRoot)
	var got wire.PoolList
	w.want(w.do("GET", "/v1/pool", ""), http.StatusOK, &got)
	if len(got.Pools) != 1 {
		t.Fatalf("%+v", got)
	}
	p := got.Pools[0]
	if p.Node != "local" || p.Hits != 7 || p.Misses != (wire.PoolMisses{Empty: 1, Unfair: 2, Failed: 3, Off: 4}) || p.Target != 5 ||
		len(p.Slots) != 1 || p.Slots[0].State != "parked" || p.ClaimP95 != glovebox.Duration(8*time.Millisecond) {
		t.Errorf("%+v", p)
	}
	w = newWorld(t, asRoot, func(c *api.Config) { c.Pools = noPools{} })
	if a := w.do("GET", "/v1/pool", ""); a.StatusCode != http.StatusOK || strings.TrimSpace(string(a.body)) != `{"pools":[]}` {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}
