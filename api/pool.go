package api

import (
	"net/http"

	"glovebox"
	"glovebox/api/wire"
)

// Pools knows what nodes have parked. *local.Provider is one.
type Pools interface {
	// Pools returns one entry for each node and template, as last told.
	Pools() []glovebox.PoolStatus
}

func (h *handler) pool(w http.ResponseWriter, _ *http.Request) error {
	list := wire.PoolList{Pools: []wire.Pool{}}
	for _, p := range h.Pools.Pools() {
		list.Pools = append(list.Pools, viewPool(p))
	}
	return writeJSON(w, http.StatusOK, list)
}

func viewPool(p glovebox.PoolStatus) wire.Pool {
	v := wire.Pool{
		Node: p.Node, SeenAt: p.Seen, Template: p.Template, Image: p.Image, Interpreter: p.Interpreter,
		Floor: p.Floor, Ceiling: p.Ceiling, Target: p.Target, Slots: make([]wire.PoolSlot, len(p.Slots)), Memory: p.Memory,
		Hits: p.Hits, Refills: p.Refills, Failures: p.Failures,
		Misses:     wire.PoolMisses{Empty: p.Misses["empty"], Unfair: p.Misses["unfair"], Failed: p.Misses["failed"], Off: p.Misses["off"]},
		RefillWall: glovebox.Duration(p.RefillWall), RefillCPU: glovebox.Duration(p.RefillCPU),
		ClaimP50: glovebox.Duration(p.ClaimP50), ClaimP95: glovebox.Duration(p.ClaimP95),
	}
	for i, s := range p.Slots {
		v.Slots[i] = wire.PoolSlot(s)
	}
	return v
}
