package agent

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// refill parks one sandbox. A template that fails is left alone for a while,
// longer each time.
func (p *pool) refill(ctx context.Context, s *slot) {
	began := p.now()
	pctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	err := p.park(pctx, s)
	took := p.now().Sub(began)
	var cpu time.Duration
	var size int64
	weighed := err == nil && p.weigher != nil
	if weighed {
		var unknown error
		cpu, size, unknown = p.weigher.Weigh(pctx, s.id)
		weighed = unknown == nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.poke()
	now, st := p.now(), s.of
	if err != nil {
		p.turn(s, nodev1.SlotState_SLOT_STATE_LEAVING) // it says that it has undone everything; that is checked
		if ctx.Err() == nil {
			st.failed(now)
			if glovebox.KindOf(err) == glovebox.KindImageInvalid {
				st.unpacked = st.Image.Digest == "" // it may have gone
			}
			p.log.LogAttrs(ctx, slog.LevelWarn, "a sandbox could not be parked", slog.String("template", st.Name),
				slog.String("kind", string(glovebox.KindOf(err))), slog.Any("error", err))
		}
		return
	}
	st.tries = 0
	st.refills++
	st.walls.add(took)
	if weighed {
		st.cpus.add(cpu)
		p.sizes.add(size)
		p.pace.Spend(cpu, now)
	} else {
		p.pace.Spend(min(took, parkedCPU), now)
	}
	p.turn(s, nodev1.SlotState_SLOT_STATE_PARKED)
	s.parked = now
	p.clearOut(st)
	p.log.LogAttrs(ctx, slog.LevelDebug, "parked a sandbox", slog.String("template", st.Name), slog.String("sandbox", s.id), slog.Duration("took", took))
}

// park makes one, with a link if the template has one.
func (p *pool) park(ctx context.Context, s *slot) error {
	t := s.of.Template
	if t.Network {
		var err error
		if t.Netns, err = p.attach(ctx, s.id); err != nil {
			return err
		}
	}
	return p.parker.Park(ctx, s.id, t)
}

// failed holds a template's next try back.
func (st *stock) failed(now time.Time) {
	st.failures++
	st.again = now.Add(min(100*time.Millisecond<<min(st.tries, 10), maxHeld))
	st.tries++
}

// leave makes one try to destroy one. If something is left of it, it stays in
// the list and another try follows.
func (p *pool) leave(ctx context.Context, s *slot) {
	left := p.remove(ctx, s.id)
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.poke()
	s.leaving = false
	switch {
	case len(left) == 0:
		delete(p.slots, s.id)
		p.dirty = true
	case ctx.Err() == nil:
		s.again = p.now().Add(s.wait.step())
		p.log.LogAttrs(ctx, slog.LevelWarn, "something is left of a parked sandbox", slog.String("sandbox", s.id),
			slog.String("kind", left[0].Kind), slog.String("name", left[0].Name), slog.Int("things", len(left)))
	}
}

// leftover takes what an earlier agent's pool has left, to destroy it: what was
// done with it is not known.
func (p *pool) leftover(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(id, p.stocks[len(p.stocks)-1], nodev1.SlotState_SLOT_STATE_LEAVING)
}

// drain destroys all that is there, at a stop. What it does not get done in
// time the next agent does.
func (p *pool) drain(destroy func(ctx context.Context, id string) error) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	slots := make(chan string)
	var work sync.WaitGroup
	for range drainAtOnce {
		work.Go(func() {
			for id := range slots {
				if err := destroy(ctx, id); err == nil {
					p.mu.Lock()
					delete(p.slots, id)
					p.mu.Unlock()
				}
			}
		})
	}
	for _, id := range p.ids() {
		slots <- id
	}
	close(slots)
	work.Wait()
}
