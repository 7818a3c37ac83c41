package api

import "testing"

// TestRecent: what was used last stays, and there is never more than there is
// room for.
func TestRecent(t *testing.T) {
	made := 0
	m := newRecent[int](3, func() int { made++; return made })
	for i := range 3 {
		m.get(i) // 0 is made 1, and so on
	}
	m.get(0)
	m.get(3) // forgets 1, which was away longest
	for key, want := range map[int]int{0: 1, 2: 3, 3: 4} {
		if got := m.get(key); got != want {
			t.Errorf("%d was forgotten: %d", key, got)
		}
	}
	if got := m.get(1); got != 5 {
		t.Errorf("1 is remembered: %d", got)
	}
	for i := range 100_000 {
		m.get(i)
	}
	if len(m.at) != 3 || m.order.Len() != 3 {
		t.Errorf("%d keys, %d values", len(m.at), m.order.Len())
	}
}

// TestLimitsAreBounded: a flood of addresses and callers does not grow what is
// remembered of them.
func TestLimitsAreBounded(t *testing.T) {
	l := newLimits(Config{})
	if l.open.room > 1<<15 || l.sources.room > 1<<15 || l.callers.room > 1<<15 || l.local.room > 1<<15 {
		t.Error("too much room")
	}
}
