package campaign

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"glovebox"
	"glovebox/fault"
)

// slow is a store whose calls take time, before and after they have their
// effect, so that those of several processes overlap. What was on its way when
// its process died may still take effect.
type slow struct {
	glovebox.Store
	mu   *sync.Mutex
	dice *rand.Rand
}

// pace has the calls of a store take up to that long, by chance.
const pace = 4 * time.Millisecond

func newSlow(s glovebox.Store, seed uint64) *slow {
	return &slow{s, &sync.Mutex{}, fault.Dice(seed, "pace")}
}

func (s *slow) takes() {
	s.mu.Lock()
	d := upTo(s.dice, pace)
	s.mu.Unlock()
	time.Sleep(d)
}

func (s *slow) CreateJob(ctx context.Context, job glovebox.Job, key *glovebox.IdempotencyKey, events ...glovebox.AuditEvent) (glovebox.Job, bool, error) {
	s.takes()
	defer s.takes()
	return s.Store.CreateJob(ctx, job, key, events...)
}

func (s *slow) Job(ctx context.Context, tenant, id string) (glovebox.Job, error) {
	s.takes()
	defer s.takes()
	return s.Store.Job(ctx, tenant, id)
}

func (s *slow) UpdateJob(ctx context.Context, job glovebox.Job, d glovebox.Durability, events ...glovebox.AuditEvent) (glovebox.Job, error) {
	s.takes()
	defer s.takes()
	return s.Store.UpdateJob(ctx, job, d, events...)
}
