package client_test

import (
	"testing"
	"time"

	"glovebox"
)

// onePool is what a node has parked.
type onePool struct{}

func (onePool) Pools() []glovebox.PoolStatus {
	return []glovebox.PoolStatus{{Node: "local", Template: glovebox.PoolGeneric, Ceiling: 4, Hits: 3, ClaimP50: 4 * time.Millisecond,
		Slots: []glovebox.PoolSlot{{ID: "pool-0123456789abcdefghjk", State: "parked", Since: time.Unix(1e9, 0)}}}}
}

func TestPools(t *testing.T) {
	s := startSite(t)
	all, err := s.root().Pools(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].Hits != 3 || all[0].ClaimP50 != glovebox.Duration(4*time.Millisecond) || len(all[0].Slots) != 1 ||
		!all[0].Slots[0].Since.Equal(time.Unix(1e9, 0)) {
		t.Errorf("%+v", all)
	}
}
