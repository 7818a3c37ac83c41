package local

import (
	"cmp"
	"slices"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// A node that has been silent for so long may have anything parked, or nothing.
const poolsKnown = 2 * time.Minute

// Bounds of what a node may tell of its pools.
const (
	maxPools = 64
	maxSlots = 4096
	maxName  = 128
)

// Pools is what nodes have parked, as they last told, by node and in the order
// in which each tells it. Silent nodes are left out.
func (p *Provider) Pools() []glovebox.PoolStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []glovebox.PoolStatus
	for name, n := range p.nodes {
		if p.now().Sub(n.seen) > poolsKnown {
			continue
		}
		for _, pool := range n.pools[:min(len(n.pools), maxPools)] {
			all = append(all, poolStatus(name, n.seen, pool))
		}
	}
	slices.SortStableFunc(all, func(a, b glovebox.PoolStatus) int { return cmp.Compare(a.Node, b.Node) })
	return all
}

func poolStatus(node string, seen time.Time, w *nodev1.Pool) glovebox.PoolStatus {
	s := glovebox.PoolStatus{
		Node: node, Seen: seen, Template: name(w.GetTemplate()), Image: name(w.GetImage()), Interpreter: name(w.GetInterpreter()),
		Floor: int(w.GetFloor()), Ceiling: int(w.GetCeiling()), Target: int(w.GetTarget()), Memory: w.GetMemory(),
		Hits: w.GetHits(), Refills: w.GetRefills(), Failures: w.GetFailures(), Misses: map[string]int64{},
		RefillWall: w.GetRefillWall().AsDuration(), RefillCPU: w.GetRefillCpu().AsDuration(),
		ClaimP50: w.GetClaimP50().AsDuration(), ClaimP95: w.GetClaimP95().AsDuration(),
	}
	for _, why := range glovebox.PoolMisses() {
		s.Misses[why] = w.GetMisses()[why]
	}
	for _, slot := range w.GetSlots()[:min(len(w.GetSlots()), maxSlots)] {
		s.Slots = append(s.Slots, glovebox.PoolSlot{ID: name(slot.GetId()), State: slotState(slot.GetState()), Since: slot.GetSince().AsTime()})
	}
	return s
}

func slotState(s nodev1.SlotState) string {
	switch s {
	case nodev1.SlotState_SLOT_STATE_MAKING:
		return "making"
	case nodev1.SlotState_SLOT_STATE_PARKED:
		return "parked"
	case nodev1.SlotState_SLOT_STATE_TAKEN:
		return "taken"
	}
	return "leaving"
}

// startedFrom takes over only what there is.
func startedFrom(s string) string {
	if s == glovebox.FromPool || s == glovebox.FromCold {
		return s
	}
	return ""
}

func name(s string) string { return s[:min(len(s), maxName)] }
