package warm_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"glovebox/warm"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// node is a node as warm sees it, on which everything works at once.
type node struct {
	limits warm.Limits
	view   warm.View
	made   int
}

func (n *node) most() int {
	if n.limits.Each == 0 {
		return 1 << 30
	}
	return int(n.limits.Memory / n.limits.Each)
}

// begin carries out what was decided; finish lets that come to its end.
func (n *node) begin(a warm.Actions) {
	for _, template := range a.Park {
		n.made++
		n.view.Slots = append(n.view.Slots, warm.Slot{ID: fmt.Sprint("s", n.made), Template: template, State: warm.Making, Since: n.view.Now})
	}
	for _, id := range a.Destroy {
		for i := range n.view.Slots {
			if n.view.Slots[i].ID == id {
				n.view.Slots[i].State = warm.Leaving
			}
		}
	}
}

func (n *node) finish() {
	n.view.Slots = slices.DeleteFunc(n.view.Slots, func(s warm.Slot) bool { return s.State == warm.Leaving })
	for i := range n.view.Slots {
		if s := &n.view.Slots[i]; s.State == warm.Making {
			s.State, s.Since = warm.Parked, n.view.Now
		}
	}
}

func (n *node) has(template string) int {
	count := 0
	for _, s := range n.view.Slots {
		if s.Template == template && s.State != warm.Leaving {
			count++
		}
	}
	return count
}

func anyNode(t *rapid.T) *node {
	n := &node{limits: warm.Limits{
		Each: 16, Memory: 16 * rapid.Int64Range(0, 40).Draw(t, "room"), Refills: rapid.IntRange(1, 3).Draw(t, "refills"), MaxAge: time.Hour,
	}}
	n.view.Now = start
	for i := range rapid.IntRange(0, 3).Draw(t, "pools") {
		floor := rapid.IntRange(0, 10).Draw(t, "floor")
		n.view.Pools = append(n.view.Pools, warm.Pool{
			Template: fmt.Sprint("t", i), Floor: floor, Ceiling: floor + rapid.IntRange(0, 20).Draw(t, "more"),
			Want: rapid.IntRange(0, 40).Draw(t, "want"),
		})
	}
	for i := range rapid.IntRange(0, n.most()).Draw(t, "slots") {
		n.view.Slots = append(n.view.Slots, warm.Slot{
			ID: fmt.Sprint("old", i), Template: fmt.Sprint("t", rapid.IntRange(0, 3).Draw(t, "template")),
			State: warm.State(rapid.IntRange(0, 2).Draw(t, "state")), Since: start.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "age")) * time.Minute),
		})
	}
	return n
}

// TestConverges: whatever a node has, it comes to have what it should and then
// leaves it alone, and at no time is there more than the limits allow.
func TestConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := anyNode(t)
		settled := false
		for range 500 {
			a := n.limits.Decide(n.view)
			n.begin(a)
			if len(n.view.Slots) > n.most() {
				t.Fatalf("%d of %d", len(n.view.Slots), n.most())
			}
			making, leaving := 0, false
			for _, s := range n.view.Slots {
				if s.State == warm.Making {
					making++
				}
				leaving = leaving || s.State == warm.Leaving
			}
			if len(a.Park) > 0 && making > n.limits.Refills {
				t.Fatalf("%d are made at one time, %d may be", making, n.limits.Refills)
			}
			settled = len(a.Park)+len(a.Destroy)+making == 0 && !leaving
			n.finish()
			if settled {
				break
			}
		}
		if !settled {
			t.Fatalf("never at rest: %+v", n.view)
		}
		for i, target := range n.limits.Targets(n.view.Pools) {
			p := n.view.Pools[i]
			if has := n.has(p.Template); has < target || has > max(p.Ceiling, target) || has > target+max(1, target/4) {
				t.Fatalf("%d of %s, should be %d: %+v", has, p.Template, target, n.view)
			}
		}
		if n.has("t3")+n.has("none") > 0 && len(n.view.Pools) < 4 {
			t.Fatalf("some are left of a template that there is no more: %+v", n.view)
		}
	})
}

// TestFloors: what there is room for, a pool keeps, and floors come before all
// that is above them.
func TestFloors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := anyNode(t)
		floors, total := 0, 0
		targets := n.limits.Targets(n.view.Pools)
		for i, p := range n.view.Pools {
			floors += p.Floor
			total += targets[i]
			if targets[i] > p.Ceiling {
				t.Fatalf("target %d above the ceiling of %+v", targets[i], p)
			}
		}
		for i, p := range n.view.Pools {
			if floors <= n.most() && targets[i] < p.Floor {
				t.Fatalf("target %d below the floor of %+v", targets[i], p)
			}
			if floors >= n.most() && targets[i] > p.Floor {
				t.Fatalf("target %d above the floor of %+v, and others are below theirs", targets[i], p)
			}
		}
		if total > n.most() {
			t.Fatalf("targets %v exceed %d", targets, n.most())
		}
	})
}

// TestNeverBelow: nothing that is young is destroyed while its pool does not
// have more than it should.
func TestNeverBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := anyNode(t)
		for i := range n.view.Slots {
			n.view.Slots[i].Since = start
		}
		targets := n.limits.Targets(n.view.Pools)
		before := map[string]int{}
		for _, p := range n.view.Pools {
			before[p.Template] = n.has(p.Template)
		}
		a := n.limits.Decide(n.view)
		n.begin(warm.Actions{Destroy: a.Destroy})
		for i, p := range n.view.Pools {
			if has := n.has(p.Template); has < before[p.Template] && has < targets[i] {
				t.Fatalf("%s went from %d to %d, below its target of %d", p.Template, before[p.Template], has, targets[i])
			}
			if len(a.Destroy) > 0 && n.has(p.Template) < before[p.Template] && slices.Contains(a.Park, p.Template) {
				t.Fatalf("%s is destroyed and made at one time", p.Template)
			}
		}
	})
}

func TestDecide(t *testing.T) {
	slots := func(template string, state warm.State, ages ...time.Duration) (all []warm.Slot) {
		for i, age := range ages {
			all = append(all, warm.Slot{ID: fmt.Sprintf("%s%d%d", template, state, i), Template: template, State: state, Since: start.Add(-age)})
		}
		return all
	}
	ages := func(n int, age time.Duration) []time.Duration { return slices.Repeat([]time.Duration{age}, n) }
	limits := warm.Limits{Memory: 160, Each: 16, Refills: 2, MaxAge: time.Hour}
	one := func(floor, ceiling, want int) []warm.Pool {
		return []warm.Pool{{Template: "a", Floor: floor, Ceiling: ceiling, Want: want}}
	}
	tests := map[string]struct {
		view    warm.View
		park    int
		destroy string
	}{
		"empty is filled, some at a time":   {warm.View{Pools: one(4, 8, 0)}, 2, ""},
		"what is made counts":               {warm.View{Pools: one(4, 8, 0), Slots: slots("a", warm.Making, 0, 0)}, 0, ""},
		"busy":                              {warm.View{Pools: one(4, 8, 0), Busy: true}, 0, ""},
		"nearly empty, also beside a start": {warm.View{Pools: one(4, 8, 0), Starting: true}, 2, ""},
		"a start comes first":               {warm.View{Pools: one(4, 8, 0), Starting: true, Slots: slots("a", warm.Parked, 0)}, 0, ""},
		"one by one":                        {warm.View{Pools: one(4, 8, 0), Slots: slots("a", warm.Parked, 0)}, 1, ""},
		"and not two":                       {warm.View{Pools: one(4, 8, 0), Slots: slices.Concat(slots("a", warm.Parked, 0), slots("a", warm.Making, 0))}, 0, ""},
		"held":                              {warm.View{Pools: []warm.Pool{{Template: "a", Floor: 4, Ceiling: 8, Held: true}}}, 0, ""},
		"demand":                            {warm.View{Pools: one(1, 8, 5), Slots: slots("a", warm.Parked, ages(4, 0)...)}, 1, ""},
		"ceiling":                           {warm.View{Pools: one(1, 4, 50), Slots: slots("a", warm.Parked, ages(4, 0)...)}, 0, ""},
		"memory":                            {warm.View{Pools: one(20, 20, 0), Slots: slots("a", warm.Parked, ages(10, 0)...)}, 0, ""},
		"a little too many stay":            {warm.View{Pools: one(4, 8, 0), Slots: slots("a", warm.Parked, ages(5, 0)...)}, 0, ""},
		"more go, the oldest first":         {warm.View{Pools: one(4, 8, 0), Slots: slots("a", warm.Parked, 1, 1, 9, 1, 1, 1)}, 0, "a12"},
		"one at a time": {warm.View{Pools: one(4, 8, 0), Slots: slices.Concat(
			slots("a", warm.Parked, ages(7, 0)...), slots("a", warm.Leaving, 0))}, 0, ""},
		"over the budget, busy or not": {warm.View{Pools: one(4, 20, 20), Busy: true, Slots: slots("a", warm.Parked, ages(11, 0)...)}, 0, "a10"},
		"old: first another":           {warm.View{Pools: one(2, 8, 0), Slots: slots("a", warm.Parked, 0, 2*time.Hour)}, 1, ""},
		"old: then it goes":            {warm.View{Pools: one(2, 8, 0), Slots: slots("a", warm.Parked, 0, 0, 2*time.Hour)}, 0, "a12"},
		"old, and no room for another": {warm.View{Pools: one(2, 2, 0), Slots: slots("a", warm.Parked, 0, 2*time.Hour)}, 0, "a11"},
		"no such template":             {warm.View{Slots: slots("x", warm.Parked, 0)}, 0, "x10"},
		"off":                          {warm.View{Pools: one(0, 0, 9), Slots: slots("a", warm.Parked, 0)}, 0, "a10"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.view.Now = start
			a := limits.Decide(tt.view)
			destroy := ""
			if len(a.Destroy) > 0 {
				destroy = a.Destroy[0]
			}
			if len(a.Park) != tt.park || destroy != tt.destroy || len(a.Destroy) > 1 {
				t.Errorf("%+v, want %d parked and %q destroyed", a, tt.park, tt.destroy)
			}
		})
	}
}

// TestFloorBeforeDemand: a pool that has nothing comes before one that wants more.
func TestFloorBeforeDemand(t *testing.T) {
	n := &node{limits: warm.Limits{Memory: 160, Each: 16, Refills: 1}}
	n.view = warm.View{Now: start, Pools: []warm.Pool{{Template: "a", Floor: 2, Ceiling: 20, Want: 20}, {Template: "b", Floor: 2, Ceiling: 4}}}
	for range 4 {
		n.begin(n.limits.Decide(n.view))
		n.finish()
	}
	if n.has("a") != 2 || n.has("b") != 2 {
		t.Errorf("%d of a, %d of b", n.has("a"), n.has("b"))
	}
	for range 20 {
		n.begin(n.limits.Decide(n.view))
		n.finish()
	}
	if n.has("a") != 8 || n.has("b") != 2 {
		t.Errorf("%d of a, %d of b", n.has("a"), n.has("b"))
	}
	// What b has too many is in a's way.
	n.view.Pools[1].Floor = 1
	for range 20 {
		n.begin(n.limits.Decide(n.view))
		n.finish()
	}
	if n.has("a") != 9 || n.has("b") != 1 {
		t.Errorf("%d of a, %d of b", n.has("a"), n.has("b"))
	}
}
