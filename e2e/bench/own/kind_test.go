package own

import (
	"testing"

	"glovebox"
	"glovebox/client"
)

// TestFull: only the pools of the kind count, and that of jobs with a network
// from when there was one.
func TestFull(t *testing.T) {
	pool := func(name string, floor, target, parked int) client.Pool {
		p := client.Pool{Template: name, Floor: floor, Target: target}
		for range parked {
			p.Slots = append(p.Slots, client.PoolSlot{State: "parked"})
		}
		p.Slots = append(p.Slots, client.PoolSlot{State: "making"})
		return p
	}
	for name, c := range map[string]struct {
		kind  Kind
		pools []client.Pool
		want  bool
	}{
		"none":                     {Template, nil, false},
		"another kind's":           {Template, []client.Pool{pool(glovebox.PoolGeneric, 2, 2, 2)}, false},
		"only one with a network":  {Generic, []client.Pool{pool(glovebox.PoolNetwork, 0, 1, 1)}, false},
		"floor":                    {Template, []client.Pool{pool("busybox", 4, 9, 4)}, true},
		"below it":                 {Template, []client.Pool{pool("busybox", 4, 4, 3)}, false},
		"one at least":             {Generic, []client.Pool{pool(glovebox.PoolGeneric, 0, 0, 0)}, false},
		"all of them":              {Template, []client.Pool{pool("busybox", 1, 1, 1), pool("python", 1, 1, 0)}, false},
		"no job with a network":    {Generic, []client.Pool{pool(glovebox.PoolGeneric, 1, 1, 1), pool(glovebox.PoolNetwork, 0, 0, 0)}, true},
		"some with a network":      {Generic, []client.Pool{pool(glovebox.PoolGeneric, 1, 1, 1), pool(glovebox.PoolNetwork, 0, 3, 1)}, true},
		"none left with a network": {Template, []client.Pool{pool("busybox", 1, 1, 1), pool(glovebox.PoolNetwork, 0, 3, 0)}, false},
	} {
		if got := c.kind.full(c.pools); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
