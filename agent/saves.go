package agent

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

const (
	prefixSnapshot = "snap-"         // of names
	saveTime       = 5 * time.Minute // for one
	saveAgain      = time.Second     // between two looks, while something could not be done
)

// saves keeps the snapshots of the node as control wants them: those that are
// ordered are made, once, and those that neither an order nor a template names
// are removed, whole or not. A snapshot that is being made when the agent dies
// is not whole: the next one makes it anew, or removes it.
type saves struct {
	saver   glovebox.Saver                                 // nil: nothing can be saved here
	tenant  func(job string, attempt int32) (string, bool) // whose sandbox that is
	told    func()                                         // something is to be told
	found   func(names map[string]bool)                    // these can be parked
	log     *slog.Logger
	wake    chan struct{} // holds one token while there is something to look at
	working sync.WaitGroup

	mu     sync.Mutex
	orders map[string]*nodev1.Save
	kept   map[string]bool // those that templates have; nil = not known yet
	there  map[string]glovebox.Snapshot
	under  map[string]context.CancelFunc // being made
	failed map[string]error              // orders that came to nothing
}

func newSaves(saver glovebox.Saver, log *slog.Logger) *saves {
	return &saves{saver: saver, log: log, wake: make(chan struct{}, 1), orders: map[string]*nodev1.Save{},
		there: map[string]glovebox.Snapshot{}, under: map[string]context.CancelFunc{}, failed: map[string]error{}}
}

// want takes what an answer says: all orders, and all templates if it has them.
func (s *saves) want(orders []*nodev1.Save, templates *nodev1.Templates) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(orders)+len(s.orders) == 0 && templates == nil {
		return
	}
	clear(s.orders)
	for _, o := range orders {
		if glovebox.ValidID(prefixSnapshot, o.GetName()) {
			s.orders[o.GetName()] = o
		}
	}
	if templates != nil {
		s.kept = map[string]bool{}
		for _, t := range templates.GetAll() {
			s.kept[t.GetSnapshot()] = true
		}
	}
	for name := range s.failed {
		if s.orders[name] == nil {
			delete(s.failed, name)
		}
	}
	for name, stop := range s.under {
		if !s.named(name) {
			stop()
		}
	}
	signal(s.wake)
}

// named says whether somebody wants a snapshot; s.mu is held.
func (s *saves) named(name string) bool {
	return s.orders[name] != nil || s.kept == nil || s.kept[name]
}

// run does it until ctx ends.
func (s *saves) run(ctx context.Context) {
	if s.saver == nil {
		return
	}
	defer s.working.Wait()
	for ctx.Err() == nil {
		again := (<-chan time.Time)(nil)
		if !s.look(ctx) {
			again = time.After(saveAgain)
		}
		select {
		case <-s.wake:
		case <-again:
		case <-ctx.Done():
		}
	}
}

// look compares and sets about what is to be done; false if something could not
// be done and is to be tried again.
func (s *saves) look(ctx context.Context) (settled bool) {
	s.mu.Lock()
	making := maps.Clone(s.under) // what the list says of these may be over by the time it is read
	s.mu.Unlock()
	all, err := s.saver.Snapshots(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "the snapshots of this node cannot be listed", "error", err)
		return false
	}
	settled = true
	all = slices.DeleteFunc(all, func(snap glovebox.Snapshot) bool { return making[snap.Name] != nil })
	for _, name := range s.compare(ctx, all) {
		if err := s.saver.RemoveSnapshot(ctx, name); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "a snapshot cannot be removed", "snapshot", name, "error", err)
			settled = false
			continue
		}
		s.mu.Lock()
		delete(s.there, name)
		s.mu.Unlock()
	}
	return settled
}

// compare notes what is there, begins what is ordered, and returns what is to be
// removed.
func (s *saves) compare(ctx context.Context, all []glovebox.Snapshot) (remove []string) {
	s.mu.Lock()
	there := map[string]glovebox.Snapshot{}
	whole := map[string]bool{}
	for _, snap := range all {
		switch {
		case s.under[snap.Name] != nil:
		case !s.named(snap.Name):
			remove = append(remove, snap.Name)
		case snap.Digest != "":
			there[snap.Name], whole[snap.Name] = snap, true
		case s.kept != nil && s.orders[snap.Name] == nil: // of a template, and not whole: it is of no use
			remove = append(remove, snap.Name)
		}
	}
	news := !maps.Equal(there, s.there)
	s.there = there
	for name, o := range s.orders {
		if _, done := there[name]; !done && s.under[name] == nil && s.failed[name] == nil {
			sctx, cancel := context.WithTimeout(ctx, saveTime)
			s.under[name] = cancel
			s.working.Go(func() { s.save(sctx, o) })
		}
	}
	s.mu.Unlock()
	if news {
		s.found(whole)
		s.told()
	}
	return remove
}

// save makes one.
func (s *saves) save(ctx context.Context, o *nodev1.Save) {
	err := s.make(ctx, o)
	s.mu.Lock()
	s.under[o.GetName()]()
	delete(s.under, o.GetName())
	if err != nil && s.orders[o.GetName()] != nil {
		s.failed[o.GetName()] = err
		s.log.WarnContext(ctx, "a sandbox could not be saved", "job", o.GetJob(), "snapshot", o.GetName(), "error", err)
	}
	s.mu.Unlock()
	s.told()
	signal(s.wake)
}

func (s *saves) make(ctx context.Context, o *nodev1.Save) error {
	id, ok := sandboxID(o.GetJob(), o.GetAttempt())
	tenant, known := "", false
	if ok {
		tenant, known = s.tenant(o.GetJob(), o.GetAttempt())
	}
	switch {
	case !known:
		return glovebox.Errorf(glovebox.KindNotFound, "the node has no sandbox of job %.80q", o.GetJob())
	case o.GetTenant() == "" || tenant != o.GetTenant():
		return glovebox.Errorf(glovebox.KindDenied, "the sandbox is another tenant's")
	}
	_, err := s.saver.Save(ctx, id, o.GetName(), o.GetEnd())
	return err
}

// status is what is told of snapshots.
func (s *saves) status() []*nodev1.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.there)+len(s.failed) == 0 {
		return nil
	}
	all := make([]*nodev1.Snapshot, 0, len(s.there)+len(s.failed))
	for name, snap := range s.there {
		all = append(all, &nodev1.Snapshot{Name: name, Size: snap.Bytes, Digest: snap.Digest})
	}
	for name, err := range s.failed {
		all = append(all, &nodev1.Snapshot{Name: name, Fault: faultOf(err)})
	}
	slices.SortFunc(all, func(a, b *nodev1.Snapshot) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all
}

// names are the snapshots of which anything may be there, for residue.
func (s *saves) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Concat(slices.Collect(maps.Keys(s.there)), slices.Collect(maps.Keys(s.under)))
}
