package local

import (
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// TestPools: what nodes tell of their pools is kept as it was told last, for a
// while, and within bounds.
func TestPools(t *testing.T) {
	inBubble(t, func(c *control) {
		a, b := c.open().node("a"), c.node("b")
		since := time.Now().Add(-time.Minute)
		b.pools = []*nodev1.Pool{{
			Template: "generic", Floor: 4, Ceiling: 32, Target: 5, Memory: 16 << 20, Hits: 7, Refills: 9, Failures: 1,
			Misses:     map[string]int64{"empty": 2, "made up": 3},
			RefillWall: durationpb.New(50 * time.Millisecond), ClaimP50: durationpb.New(3 * time.Millisecond),
			Slots: []*nodev1.Slot{{Id: "pool-1", State: nodev1.SlotState_SLOT_STATE_PARKED, Since: timestamppb.New(since)}},
		}}
		a.pools = []*nodev1.Pool{{Template: "x"}, {Template: strings.Repeat("y", 1000), Slots: make([]*nodev1.Slot, 2*maxSlots)}}
		b.sync()
		time.Sleep(time.Second)
		a.sync()
		got := c.Pools()
		if len(got) != 3 || got[0].Node != "a" || got[0].Template != "x" || len(got[1].Template) != maxName || len(got[1].Slots) != maxSlots {
			t.Fatalf("%d pools", len(got))
		}
		p := got[2]
		if p.Node != "b" || p.Hits != 7 || p.Ceiling != 32 || p.RefillWall != 50*time.Millisecond || p.RefillCPU != 0 ||
			len(p.Misses) != len(glovebox.PoolMisses()) || p.Misses["empty"] != 2 || p.Misses["off"] != 0 {
			t.Errorf("%+v", p)
		}
		if want := []glovebox.PoolSlot{{ID: "pool-1", State: "parked", Since: since.UTC()}}; !slices.Equal(p.Slots, want) || p.Count("parked") != 1 {
			t.Errorf("slots %+v, want %+v", p.Slots, want)
		}
		b.pools = nil
		b.sync()
		if got := c.Pools(); len(got) != 2 {
			t.Errorf("%d pools after one has none", len(got))
		}
		time.Sleep(poolsKnown)
		if got := c.Pools(); len(got) != 0 {
			t.Errorf("%d pools of silent nodes", len(got))
		}
	})
}

// TestStartedFrom: a result tells how its sandbox was started, in our words alone.
func TestStartedFrom(t *testing.T) {
	for told, want := range map[string]string{"pool": "pool", "cold": "cold", "": "", "elsewhere": ""} {
		inBubble(t, func(c *control) {
			n := c.open().node("n1")
			c.order("j1", "n1")
			n.sync()
			s := exited("j1", 0)
			s.StartedFrom, s.Template = told, strings.Repeat("t", 2*maxName)
			n.have = []*nodev1.Sandbox{s}
			n.begin()
			said := c.sink.all()
			template := ""
			if want == glovebox.FromPool {
				template = strings.Repeat("t", maxName)
			}
			if len(said) != 1 || said[0].Exit.Result.StartedFrom != want || said[0].Exit.Result.Template != template {
				t.Errorf("%q: %+v", told, said)
			}
		})
	}
}
