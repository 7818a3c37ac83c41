package agent

import (
	"context"
	"maps"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// restoreTime is for restoring one that a job waits for: some 10 GB from a slow
// disk.
const restoreTime = 3 * time.Minute

// weight is how many sandboxes of the usual size one of the template counts for:
// what is restored is in memory from then on.
func (st *stock) weight(each int64) int {
	if st.Snapshot == "" || each <= 0 {
		return 1
	}
	return int((st.size+each-1)/each) + 1
}

// setSnapshots says which are on this node: nothing is parked of others.
func (p *pool) setSnapshots(names map[string]bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !maps.Equal(names, p.snapshots) {
		p.snapshots = names
		p.dirty = true
		p.poke()
	}
}

// absent says whether a template's snapshot is not on this node; p.mu is held.
func (p *pool) absent(st *stock) bool { return st.Snapshot != "" && !p.snapshots[st.Snapshot] }

// restore makes a sandbox that goes on from the job's snapshot, for this job
// alone. It is the pool's until done is called, with what became of it.
func (p *pool) restore(ctx context.Context, parker glovebox.Parker, spec glovebox.SandboxSpec) (id string, done func(used bool), err error) {
	p.mu.Lock()
	var of *stock
	for _, st := range p.stocks {
		if st.Snapshot == spec.Snapshot && st.Tenant == spec.Tenant {
			of = st
		}
	}
	if of == nil || parker == nil || p.absent(of) {
		p.mu.Unlock()
		return "", nil, glovebox.Errorf(glovebox.KindStart, "the snapshot of the job's template is not on this node").On("template").
			Try("make the template anew")
	}
	s := p.add(glovebox.NewID(prefixParked), of, nodev1.SlotState_SLOT_STATE_TAKEN)
	t := of.Template
	p.mu.Unlock()
	done = func(used bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if used {
			delete(p.slots, s.id)
		} else {
			p.turn(s, nodev1.SlotState_SLOT_STATE_LEAVING)
		}
		p.dirty = true
		p.poke()
	}
	t.Urgent, t.Image, t.Network = true, spec.Image, spec.Network
	ctx, cancel := context.WithTimeout(ctx, restoreTime)
	defer cancel()
	if t.Network {
		t.Netns, err = p.attach(ctx, s.id)
	}
	if err == nil {
		err = parker.Park(ctx, s.id, t)
	}
	if err != nil {
		done(false)
		return "", nil, err
	}
	return s.id, done, nil
}

// restore makes the sandbox of the job's snapshot, since none was parked. What
// the job names as its command never runs in its place.
func (s *sandbox) restore(ctx context.Context, spec glovebox.SandboxSpec) error {
	id, done, err := s.a.pool.restore(ctx, s.a.cfg.Parker, spec)
	if err != nil {
		return err
	}
	spec.Parked = id
	if err = s.openLink(ctx, id, &spec); err == nil {
		err = s.a.cfg.Runtime.Create(ctx, spec)
	}
	done(err == nil)
	if err != nil {
		s.closeLink(ctx)
		return err
	}
	s.setWas(id)
	return nil
}
