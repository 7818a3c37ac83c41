package agent

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// errHangs is the error of a claim that ends only when it is given up.
var errHangs = glovebox.Errorf(glovebox.KindStart, "it hangs")

// parkNode is a testNode that can park.
type parkNode struct {
	*testNode
	lives sync.Map // ids that somebody called live when asking for residue
}

func (n *parkNode) Park(ctx context.Context, id string, t glovebox.Template) error {
	if err := n.called("park", id); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.boxes[id] != nil {
		return glovebox.Errorf(glovebox.KindConflict, "%s exists", id)
	}
	n.boxes[id] = &box{spec: glovebox.SandboxSpec{ID: id, Image: t.Image}, over: make(chan struct{})}
	return nil
}

func (n *parkNode) Create(ctx context.Context, s glovebox.SandboxSpec) error {
	if s.Parked == "" {
		return n.testNode.Create(ctx, s)
	}
	n.mu.Lock()
	parked := n.boxes[s.Parked]
	n.mu.Unlock()
	if parked == nil {
		return glovebox.Errorf(glovebox.KindNotFound, "%s is not parked", s.Parked)
	}
	if err := n.called("claim", s.ID); err != nil {
		if errors.Is(err, errHangs) {
			<-ctx.Done()
		}
		return err // and leaves it there, for others to clear away
	}
	n.mu.Lock()
	delete(n.boxes, s.Parked)
	n.mu.Unlock()
	return n.testNode.Create(ctx, s)
}

func (n *parkNode) Weigh(_ context.Context, id string) (time.Duration, int64, error) {
	if err := n.called("weigh", id); err != nil {
		return 0, 0, err
	}
	return 30 * time.Millisecond, 10 << 20, nil
}

func (n *parkNode) Residue(ctx context.Context, live map[string]bool) ([]glovebox.Residue, error) {
	for id := range live {
		n.lives.Store(id, true)
	}
	return n.testNode.Residue(ctx, live)
}

// parked lists what is parked, whether the agent knows of it or not.
func (n *parkNode) parked() (ids []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id := range n.boxes {
		if strings.HasPrefix(id, "pool-") {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (n *parkNode) count(step string) (count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, call := range n.calls {
		if strings.HasPrefix(call, step+" ") {
			count++
		}
	}
	return count
}

// newPoolRig is a rig whose agents keep a pool of that size.
func newPoolRig(t *testing.T, least, most int) (*rig, *parkNode) {
	t.Helper()
	r := newRig(t)
	node := &parkNode{testNode: r.node}
	r.runtime = node
	r.cfg.Pool = PoolConfig{Min: least, Max: most, Memory: 1 << 30}
	return r, node
}

// has waits until so many are parked, as far as the agent says.
func (r *rig) has(n int) *nodev1.Pool {
	r.t.Helper()
	return r.pool("full", func(p *nodev1.Pool) bool { return parkedOf(p) == n && len(p.GetSlots()) == n })
}

// pool waits for a report of the generic pool that cond likes.
func (r *rig) pool(what string, cond func(*nodev1.Pool) bool) (last *nodev1.Pool) {
	r.t.Helper()
	eventually(r.t, what, func() bool {
		r.control.mu.Lock()
		defer r.control.mu.Unlock()
		if len(r.control.reqs) == 0 {
			return false
		}
		pools := r.control.reqs[len(r.control.reqs)-1].GetPools()
		i := slices.IndexFunc(pools, func(p *nodev1.Pool) bool { return p.GetTemplate() == glovebox.PoolGeneric })
		if i < 0 {
			return false
		}
		last = pools[i]
		return cond(last)
	})
	return last
}

func parkedOf(p *nodev1.Pool) (n int) {
	for _, s := range p.GetSlots() {
		if s.GetState() == nodev1.SlotState_SLOT_STATE_PARKED {
			n++
		}
	}
	return n
}
