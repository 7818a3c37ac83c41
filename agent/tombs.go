package agent

// tombs remembers the sandboxes that were destroyed last. An attempt runs at
// most once; should control, with its memory lost, order one again, the agent
// must not run it a second time.
type tombs struct {
	ids  map[string]bool
	ring []string
	next int
}

const maxTombs = 8192

func (t *tombs) add(id string) {
	if t.ids == nil {
		t.ids = map[string]bool{}
	}
	if t.ids[id] {
		return
	}
	t.ids[id] = true
	if len(t.ring) < maxTombs {
		t.ring = append(t.ring, id)
		return
	}
	delete(t.ids, t.ring[t.next])
	t.ring[t.next] = id
	t.next = (t.next + 1) % maxTombs
}

func (t *tombs) has(id string) bool { return t.ids[id] }
