package filter

import (
	"maps"
	"sync"
)

// Stats are counters since the filter started, over all slots.
type Stats struct {
	Slots     int              `json:"slots"` // now
	Conns     int              `json:"conns"` // now
	Opened    int64            `json:"opened"`
	Requests  int64            `json:"requests"`  // that were let through
	Questions int64            `json:"questions"` // that were answered with addresses
	Refused   map[string]int64 `json:"refused"`   // or cut, by reason of a NetEvent
	Sent      int64            `json:"sent"`      // bytes out of sandboxes, of connections that are over
	Received  int64            `json:"received"`
	Missed    int64            `json:"missed"` // events that were not kept
}

// counters are Stats that are being counted.
type counters struct {
	mu sync.Mutex
	s  Stats
}

func (c *counters) count(f func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.s)
}

// refuse counts one refusal or cut.
func (s *Stats) refuse(reason string) {
	if s.Refused == nil {
		s.Refused = map[string]int64{}
	}
	s.Refused[reason]++
}

func (c *counters) read() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.s
	s.Refused = maps.Clone(s.Refused)
	return s
}
