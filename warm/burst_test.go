package warm_test

import (
	"testing"
	"time"

	"glovebox/warm"
)

// machine is a node in time: a refill takes 60 ms, a cold start 150.
type machine struct {
	node
	demand                warm.Demand
	pace                  warm.Pace
	ready                 map[string]time.Time // when what is made is parked
	cold                  []time.Time          // when cold starts are over
	hits, misses, removed int
}

const (
	tickTime   = 10 * time.Millisecond
	refillTime = 60 * time.Millisecond
	coldTime   = 150 * time.Millisecond
)

func newMachine() *machine {
	m := &machine{ready: map[string]time.Time{}, pace: warm.Pace{CPU: 1}}
	m.limits = warm.Limits{Memory: 32 * 16, Each: 16, Refills: 2, MaxAge: time.Hour}
	m.view = warm.View{Now: start, Pools: []warm.Pool{{Template: "a", Floor: 4, Ceiling: 32}}}
	return m
}

// tick lets a little time pass and n jobs come.
func (m *machine) tick(n int) { m.step(tickTime, n) }

func (m *machine) step(d time.Duration, n int) {
	m.view.Now = m.view.Now.Add(d)
	now := m.view.Now
	left := m.view.Slots[:0]
	for _, s := range m.view.Slots {
		if s.State == warm.Making && !now.Before(m.ready[s.ID]) {
			s.State, s.Since = warm.Parked, now
			m.pace.Spend(refillTime/2, now)
		}
		if s.State != warm.Leaving {
			left = append(left, s)
		}
	}
	m.view.Slots = left
	for range n {
		m.demand.Arrive(now)
		m.take()
	}
	for len(m.cold) > 0 && !now.Before(m.cold[0]) {
		m.cold = m.cold[1:]
	}
	m.view.Pools[0].Want = m.demand.Want(now)
	m.view.Busy = len(m.cold) > 0 || m.pace.Spent(now)
	a := m.limits.Decide(m.view)
	m.removed += len(a.Destroy)
	m.begin(a)
	for _, s := range m.view.Slots {
		if _, known := m.ready[s.ID]; !known {
			m.ready[s.ID] = now.Add(refillTime)
		}
	}
}

func (m *machine) take() {
	for i, s := range m.view.Slots {
		if s.State == warm.Parked {
			m.view.Slots = append(m.view.Slots[:i], m.view.Slots[i+1:]...)
			m.hits++
			return
		}
	}
	m.misses++
	m.cold = append(m.cold, m.view.Now.Add(coldTime))
}

// pass lets time pass without jobs, in longer steps once all is done.
func (m *machine) pass(d time.Duration) {
	const closely = 5 * time.Second
	for range min(d, closely) / tickTime {
		m.tick(0)
	}
	for range max(0, d-closely) / (10 * tickTime) {
		m.step(10*tickTime, 0)
	}
}

// TestBursts: what a pool of 4 to 32 makes of several ways in which jobs come.
func TestBursts(t *testing.T) {
	tests := map[string]struct {
		come    func(m *machine)
		misses  int // at most, and hits:
		hits    int // at least
		removed int // at most
	}{
		"one now and then": {func(m *machine) {
			for range 50 {
				m.tick(1)
				m.pass(3 * time.Second)
			}
		}, 0, 50, 0},
		"five a second": {func(m *machine) {
			for range 500 {
				m.tick(1)
				m.pass(190 * time.Millisecond)
			}
		}, 0, 500, 0},
		"fifteen a second": {func(m *machine) {
			for range 1000 {
				m.tick(1)
				m.pass(50 * time.Millisecond)
			}
		}, 10, 990, 0},
		"twenty at once, every minute": {func(m *machine) {
			for range 10 {
				m.tick(20)
				m.pass(time.Minute)
			}
		}, 16, 184, 0}, // the first time only
		"more than there ever are": {func(m *machine) {
			m.tick(50)
			m.pass(10 * time.Second)
			m.tick(50)
			m.pass(10 * time.Second)
		}, 46 + 18, 4 + 32, 0},
		"more than can be made, for long": {func(m *machine) {
			for range 2000 {
				m.tick(1)
			}
			m.pass(10 * time.Second)
			m.hits, m.misses = 0, 0
			m.tick(32)
		}, 0, 32, 0},
		"a burst, then nothing for long": {func(m *machine) {
			m.tick(30)
			m.pass(30 * time.Minute)
		}, 26, 4, 26},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := newMachine()
			m.pass(time.Second)
			if has := m.has("a"); has != 4 {
				t.Fatalf("%d parked after a second", has)
			}
			m.hits, m.misses = 0, 0
			tt.come(m)
			if m.misses > tt.misses || m.hits < tt.hits || m.removed > tt.removed {
				t.Errorf("%d hits, %d misses, %d removed; want %d at least, %d and %d at most", m.hits, m.misses, m.removed, tt.hits, tt.misses, tt.removed)
			}
			m.pass(15 * time.Minute)
			if has := m.has("a"); has < 4 || has > 5 {
				t.Errorf("%d parked after a quiet quarter of an hour", has)
			}
		})
	}
}
