package warm_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"glovebox/warm"
)

// pool of ten for tests of who gets one.
type pool struct {
	share  warm.Share
	parked int
	now    time.Time
}

func (p *pool) ask(tenant string) bool {
	p.share.Ask(tenant, p.now)
	if !p.share.May(tenant, p.parked, 10, p.now) {
		return false
	}
	p.share.Took(tenant, p.now)
	p.parked--
	return true
}

func TestShare(t *testing.T) {
	p := &pool{parked: 10, now: start}
	for i := range 10 {
		if !p.ask("a") {
			t.Errorf("%d of 10 for who asks alone", i)
		}
	}
	if p.ask("a") {
		t.Error("one of an empty pool")
	}

	p = &pool{parked: 10, now: start}
	p.share.Ask("b", p.now)
	got := 0
	for range 20 {
		if p.ask("a") {
			got++
		}
	}
	if want := 10 - warm.Reserve(10); got != want {
		t.Errorf("a drains %d of 10 while b is there; want %d", got, want)
	}
	for p.parked > 0 {
		if !p.ask("b") {
			t.Error("b, who had nothing, gets none of the last")
		}
	}
	p.parked = 1
	if p.ask("a") {
		t.Error("a, who took most, gets the next")
	}
	p.now = p.now.Add(2*time.Minute + time.Second)
	if !p.ask("a") {
		t.Error("a gets none after two minutes in which nobody came")
	}
}

// TestScarce: when refilling does not keep up, tenants that ask all the time
// get the same, however often each of them asks.
func TestScarce(t *testing.T) {
	p := &pool{now: start}
	got := map[string]int{}
	for i := range 3000 {
		p.now = p.now.Add(10 * time.Millisecond)
		if i%10 == 0 {
			p.parked++
		}
		tenant := "greedy" // 8 of 10
		switch i % 10 {
		case 3:
			tenant = "b"
		case 7:
			tenant = "c"
		}
		if p.ask(tenant) {
			got[tenant]++
		}
	}
	for _, tenant := range []string{"greedy", "b", "c"} {
		if got[tenant] < 90 || got[tenant] > 110 {
			t.Errorf("got %v of 300", got)
		}
	}
}

// TestSomebodyMay: of those that ask, one at least may take what there is.
func TestSomebodyMay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &pool{now: start}
		tenants := []string{"a", "b", "c", "d"}[:rapid.IntRange(1, 4).Draw(t, "tenants")]
		for range rapid.IntRange(0, 60).Draw(t, "asked") {
			p.now = p.now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "gap")) * time.Second)
			p.parked = rapid.IntRange(0, 10).Draw(t, "parked")
			p.ask(rapid.SampledFrom(tenants).Draw(t, "tenant"))
		}
		p.parked = rapid.IntRange(1, 10).Draw(t, "left")
		for _, tenant := range tenants {
			p.share.Ask(tenant, p.now)
		}
		for _, tenant := range tenants {
			if p.share.May(tenant, p.parked, 10, p.now) {
				return
			}
		}
		t.Fatal("nobody may")
	})
}

func TestPace(t *testing.T) {
	p := warm.Pace{CPU: 0.5}
	now, made := start, 0
	for range 1000 { // ten seconds
		now = now.Add(10 * time.Millisecond)
		if !p.Spent(now) {
			p.Spend(30*time.Millisecond, now)
			made++
		}
	}
	if cpu := time.Duration(made) * 30 * time.Millisecond; cpu < 5*time.Second || cpu > 5*time.Second+600*time.Millisecond {
		t.Errorf("%s of CPU in ten seconds at half a core", cpu)
	}
	free := warm.Pace{}
	free.Spend(time.Hour, start)
	if free.Spent(start) {
		t.Error("spent without a bound")
	}
}
