package warm

import "slices"

// stock is a pool as it is.
type stock struct {
	Pool
	target int
	making int
	have   int    // made or being made
	fresh  int    // of them, not outdated
	parked []Slot // the oldest first
}

// count is the whole node as it is.
type count struct {
	most, total, making, leaving int
	stocks                       []*stock
	old                          func(Slot) bool
}

func (l Limits) count(v View) *count {
	c := &count{most: l.most()}
	c.old = func(s Slot) bool { return l.MaxAge > 0 && v.Now.Sub(s.Since) > l.MaxAge }
	by := map[string]*stock{}
	for i, target := range l.Targets(v.Pools) {
		s := &stock{Pool: v.Pools[i], target: target}
		by[s.Template] = s
		c.stocks = append(c.stocks, s)
	}
	for _, slot := range v.Slots {
		s := by[slot.Template]
		if s == nil { // of a template that there is no more
			s = &stock{Pool: Pool{Template: slot.Template, Held: true}}
			by[slot.Template] = s
			c.stocks = append(c.stocks, s)
		}
		c.total += s.weight()
		switch slot.State {
		case Making:
			c.making++
			s.making, s.have, s.fresh = s.making+1, s.have+1, s.fresh+1
		case Parked:
			s.parked = append(s.parked, slot)
			if s.have++; !c.old(slot) {
				s.fresh++
			}
		case Leaving:
			c.leaving++
		}
	}
	for _, s := range c.stocks {
		slices.SortStableFunc(s.parked, func(a, b Slot) int { return a.Since.Compare(b.Since) })
	}
	return c
}

// surplus names one that is too many: over the budget, clearly over what is
// wanted, or in the way of another template's.
func (c *count) surplus(busy bool) string {
	if busy && c.total <= c.most {
		return ""
	}
	needed := slices.ContainsFunc(c.stocks, func(s *stock) bool {
		return s.have < s.target && !s.Held && c.total+s.weight() > c.most
	})
	var worst *stock
	for _, s := range c.stocks {
		slack := max(1, s.target/4)
		if c.total > c.most || needed || s.target == 0 && s.Ceiling == 0 {
			slack = 0
		}
		if len(s.parked) == 0 || s.have <= min(s.target+slack, max(s.Ceiling, s.target)) {
			continue
		}
		if worst == nil || s.have-s.target > worst.have-worst.target {
			worst = s
		}
	}
	if worst == nil {
		return ""
	}
	return worst.parked[0].ID
}

// outdated names one that has been parked for too long, if it was replaced or
// must go to make room for that.
func (c *count) outdated(busy bool) string {
	if busy {
		return ""
	}
	for _, s := range c.stocks {
		if len(s.parked) == 0 || !c.old(s.parked[0]) {
			continue
		}
		replaced := s.fresh-s.making >= s.target
		full := s.making == 0 && !s.Held && (c.total >= c.most || s.have >= s.Ceiling)
		if replaced || full {
			return s.parked[0].ID
		}
	}
	return ""
}

// refills is how many may be made at one time: most of the time as few as
// possible, so that jobs do not notice.
func (c *count) refills(most int, starting bool) int {
	for _, s := range c.stocks {
		if !s.Held && len(s.parked) < min(Reserve(s.target), s.target) {
			return most
		}
	}
	if starting {
		return 0
	}
	return min(most, 1)
}

// neediest is the pool that has least of what it should have, floors first; nil
// if all have enough. For each that is outdated one more may be made at a time.
func (c *count) neediest() *stock {
	var best *stock
	for _, s := range c.stocks {
		if s.Held || s.fresh >= s.target || s.have >= min(s.target+1, s.Ceiling) {
			continue
		}
		if best == nil || s.needsMore(best) {
			best = s
		}
	}
	return best
}

func (s *stock) needsMore(o *stock) bool {
	if below, other := s.have < s.Floor, o.have < o.Floor; below != other {
		return below
	}
	return s.have*o.target < o.have*s.target
}
