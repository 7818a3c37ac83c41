package agent

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
	"glovebox/warm"
)

const (
	prefixParked = "pool-"               // of ids; no job has one of these, see parseID
	poolTick     = time.Second           // usual pool.every
	leaveAtOnce  = 2                     // are destroyed at one time
	drainAtOnce  = 4                     // the same, at a stop
	startingTime = 25 * time.Millisecond // in which a job that took one is being started
	claimTime    = 3 * time.Second       // usual pool.patience; a claim takes milliseconds
	drainTime    = 5 * time.Second       // for all of them
	maxHeld      = 30 * time.Second      // between two tries to make one
)

// pool keeps sandboxes parked for jobs to come. How many, package warm decides;
// it makes, hands out and destroys them. A parked sandbox is nobody's: no order
// names it, and what an earlier agent has left of its pool is destroyed.
//
//	making ─▶ parked ─▶ taken ─▶ (a job's, and none of the pool's any more)
//	   └─────────┴─────────┴───▶ leaving ─▶ gone
type pool struct {
	cfg      PoolConfig
	parker   glovebox.Parker                                     // nil: nothing is parked
	weigher  Weigher                                             // nil: nobody can tell
	fetch    func(ctx context.Context, img glovebox.Image) error // has it unpacked
	remove   func(ctx context.Context, id string) []glovebox.Residue
	attach   func(ctx context.Context, id string) (netns string, err error)
	changed  func() // something is to be told
	log      *slog.Logger
	now      func() time.Time
	patience time.Duration // with a claim
	every    time.Duration // between two looks, and two reports of it, if nothing else happens
	wake     chan struct{} // holds one token while there is something to look at

	mu     sync.Mutex
	wanted []PoolTemplate // that there should be, besides the generic one
	stocks []*stock       // in the order in which they are tried for a job; the generic one is the last
	slots  map[string]*slot
	pace   warm.Pace
	sizes  samples[int64]
	cold   int       // cold starts that wait or are under way
	taken  time.Time // when one was taken last
	dirty  bool
	told   []*nodev1.Pool
	toldAt time.Time

	snapshots map[string]bool // that are on this node
}

// slot is one parked sandbox.
type slot struct {
	id      string
	of      *stock
	state   nodev1.SlotState
	since   time.Time // it is in that state
	parked  time.Time
	leaving bool      // somebody is destroying it
	wait    backoff   // between two tries to destroy it
	again   time.Time // not before this
}

// stock is what there is of one template.
type stock struct {
	glovebox.Template
	min, max int
	size     int64 // of its snapshot, if it has one
	demand   warm.Demand
	share    warm.Share
	count
	tries int       // to make one, that failed since the last that did not
	again time.Time // not before this

	unpacked bool               // its image was; true without one
	fetching context.CancelFunc // ends fetching it; nil if nobody does
	retired  bool               // wanted no more: what is parked for it is leaving
}

func newPool(cfg PoolConfig, parker glovebox.Parker, log *slog.Logger) *pool {
	p := &pool{cfg: cfg, log: log, now: time.Now, every: poolTick, patience: claimTime, wake: make(chan struct{}, 1), slots: map[string]*slot{},
		pace: warm.Pace{CPU: cfg.CPU}, changed: func() {}}
	if cfg.on() {
		p.parker = parker
		p.weigher, _ = parker.(Weigher)
	}
	p.stocks = []*stock{{Template: glovebox.Template{Name: glovebox.PoolGeneric}, min: cfg.Min, max: cfg.Max, unpacked: true}}
	return p
}

// withNetwork adds the template of those that have a link, made by attach. None
// is parked before there was a job for one.
func (p *pool) withNetwork(attach func(ctx context.Context, id string) (netns string, err error)) {
	p.attach = attach
	p.stocks = slices.Insert(p.stocks, 0, &stock{
		Template: glovebox.Template{Name: glovebox.PoolNetwork, Network: true}, max: p.cfg.Max, unpacked: true})
}

// run keeps the pool as it should be until ctx ends.
func (p *pool) run(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for ctx.Err() == nil {
		p.look(ctx, &work)
		select {
		case <-p.wake:
		case <-tick.C:
			p.mu.Lock()
			dirty := p.dirty
			p.mu.Unlock()
			if dirty {
				p.changed()
			}
		case <-ctx.Done():
		}
	}
}

// look decides what is to be done and sets about it.
func (p *pool) look(ctx context.Context, work *sync.WaitGroup) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reconcile()
	if p.parker != nil {
		p.fetchImages(ctx, work)
		a := p.limits().Decide(p.view())
		for _, template := range a.Park {
			s := p.add(glovebox.NewID(prefixParked), p.stock(template), nodev1.SlotState_SLOT_STATE_MAKING)
			work.Go(func() { p.refill(ctx, s) })
		}
		for _, id := range a.Destroy {
			p.turn(p.slots[id], nodev1.SlotState_SLOT_STATE_LEAVING)
		}
	}
	for _, s := range p.due() {
		s.leaving = true
		work.Go(func() { p.leave(ctx, s) })
	}
}

// due lists those that somebody should begin to destroy now; p.mu is held.
func (p *pool) due() (due []*slot) {
	under, now := 0, p.now()
	for _, s := range p.slots {
		switch {
		case s.leaving:
			under++
		case s.state == nodev1.SlotState_SLOT_STATE_LEAVING && !now.Before(s.again):
			due = append(due, s)
		}
	}
	return due[:min(len(due), max(0, leaveAtOnce-under))]
}

func (p *pool) limits() warm.Limits {
	return warm.Limits{Memory: p.cfg.Memory, Each: p.each(), Refills: p.cfg.Refills, MaxAge: p.cfg.MaxAge}
}

// each is what one takes: as it was measured, if it was.
func (p *pool) each() int64 {
	if p.sizes.empty() {
		return p.cfg.Each
	}
	return max(p.sizes.quantile(0.95), 1<<20)
}

// pools is what package warm is to know of the templates; p.mu is held.
func (p *pool) pools(now time.Time) []warm.Pool {
	pools := make([]warm.Pool, len(p.stocks))
	for i, st := range p.stocks {
		pools[i] = warm.Pool{Template: st.Name, Floor: st.min, Ceiling: st.max, Want: st.demand.Want(now), Held: st.retired || !st.unpacked || now.Before(st.again) || p.absent(st), Weight: st.weight(p.each())}
	}
	return pools
}

// view is the pool as package warm looks at it; p.mu is held.
func (p *pool) view() warm.View {
	now := p.now()
	v := warm.View{Now: now, Pools: p.pools(now), Busy: p.cold > 0 || p.pace.Spent(now),
		Starting: now.Sub(p.taken) < startingTime}
	for _, s := range p.slots {
		state := warm.Leaving
		switch s.state {
		case nodev1.SlotState_SLOT_STATE_TAKEN:
			continue // its memory counts for the job
		case nodev1.SlotState_SLOT_STATE_MAKING:
			state = warm.Making
		case nodev1.SlotState_SLOT_STATE_PARKED:
			state = warm.Parked
		}
		v.Slots = append(v.Slots, warm.Slot{ID: s.id, Template: s.of.Name, State: state, Since: s.parked})
	}
	return v
}

// targets says how many of each template there should be; p.mu is held.
func (p *pool) targets(now time.Time) map[*stock]int {
	targets := map[*stock]int{}
	for i, n := range p.limits().Targets(p.pools(now)) {
		targets[p.stocks[i]] = n
	}
	return targets
}

// add notes a sandbox; p.mu is held.
func (p *pool) add(id string, of *stock, state nodev1.SlotState) *slot {
	now := p.now()
	s := &slot{id: id, of: of, state: state, since: now, parked: now, wait: backoff{max: maxHeld}}
	p.slots[id] = s
	p.dirty = true
	return s
}

// turn brings a sandbox into another state; p.mu is held.
func (p *pool) turn(s *slot, state nodev1.SlotState) {
	s.state, s.since = state, p.now()
	p.dirty = true
}

func (p *pool) stock(template string) *stock {
	i := slices.IndexFunc(p.stocks, func(st *stock) bool { return st.Name == template })
	return p.stocks[i]
}

// ids lists the sandboxes that are there, or may be.
func (p *pool) ids() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := make([]string, 0, len(p.slots))
	for id := range p.slots {
		ids = append(ids, id)
	}
	return ids
}

// isParked says whether id is one of a pool's, of this agent or another.
func isParked(id string) bool { return glovebox.ValidID(prefixParked, id) }
