package campaign

import (
	"context"
	"slices"
	"sync"
	"time"

	"glovebox"
	"glovebox/fault"
)

// ask is what a client does: it submits a job, perhaps asks for its end, and
// watches it until it is archived.
type ask struct {
	name    string // its idempotency key
	spec    glovebox.Spec
	at      time.Duration
	via     int           // control that it turns to first
	cancel  time.Duration // after it was accepted; 0 = never
	dropped bool          // that comes before it can start
	over    int           // control that it asks for the end
	lose    bool          // its first sandbox vanishes once it runs
	change  time.Duration // after which its policy is narrowed to nothing; 0 = never
}

// clients carry out what is asked and note what they were told.
type clients struct {
	w  *world
	mu sync.Mutex

	ids map[string]string // by name
}

// play lets every client do its part, and returns when all have seen the ends of
// their jobs, or have given up.
func (w *world) play(limit time.Duration, asks []ask) *clients {
	c := &clients{w: w, ids: map[string]string{}}
	ctx, cancel := context.WithTimeout(background, limit)
	defer cancel()
	var all sync.WaitGroup
	for _, a := range asks {
		all.Go(func() { c.one(ctx, a) })
	}
	all.Wait()
	return c
}

func (c *clients) one(ctx context.Context, a ask) {
	rest(ctx, a.at)
	id := c.submit(ctx, a)
	if id == "" {
		return
	}
	c.mu.Lock()
	c.ids[a.name] = id
	c.mu.Unlock()
	var others sync.WaitGroup
	defer others.Wait()
	ctx, over := context.WithCancel(ctx)
	defer over()
	if a.cancel > 0 {
		others.Go(func() {
			rest(ctx, a.cancel)
			_, _ = call(ctx, c, a.over, "client.Cancel", func(ctx context.Context, l *life) (glovebox.Job, error) { return l.Cancel(ctx, me, id) })
		})
	}
	if a.lose {
		others.Go(func() {
			for ctx.Err() == nil && !c.w.lose(id) {
				rest(ctx, 100*time.Millisecond)
			}
		})
	}
	if a.change > 0 {
		others.Go(func() {
			rest(ctx, a.change)
			_, _ = call(ctx, c, a.over, "client.ChangePolicy", func(ctx context.Context, l *life) (glovebox.Job, error) {
				return l.ChangePolicy(ctx, me, id, glovebox.PolicyChange{Seen: -1})
			})
		})
	}
	c.watch(ctx, a, id)
}

func (c *clients) submit(ctx context.Context, a ask) string {
	key := &glovebox.IdempotencyKey{Key: a.name, Fingerprint: a.name, Expires: c.w.began.Add(48 * time.Hour)}
	job, ok := call(ctx, c, a.via, "client.Submit", func(ctx context.Context, l *life) (glovebox.Job, error) {
		job, _, err := l.Submit(ctx, me, a.spec, key)
		return job, err
	})
	if !ok {
		c.w.t.Errorf("%s was never accepted", a.name)
	}
	return job.ID
}

// watch follows a job to its last status: what was once seen is never taken
// back.
func (c *clients) watch(ctx context.Context, a ask, id string) {
	var seen glovebox.Job
	for turn := a.via; ; turn++ {
		job, ok := call(ctx, c, turn, "client.Watch", func(ctx context.Context, l *life) (glovebox.Job, error) {
			return l.Watch(ctx, me, id, seen.Version)
		})
		switch {
		case !ok:
			c.w.t.Errorf("%s was not seen to be archived, but %s, version %d", a.name, seen.Status, seen.Version)
			return
		case job.Version < seen.Version || seen.Outcome != "" && job.Outcome != seen.Outcome:
			c.w.t.Errorf("%s was %s at version %d, and is %s at version %d", a.name, seen.Status, seen.Version, job.Status, job.Version)
		case job.Status == glovebox.StatusArchived:
			return
		}
		seen = job
	}
}

// call makes a call until it has worked, at each control in turn.
func call[T any](ctx context.Context, c *clients, via int, name string, do func(context.Context, *life) (T, error)) (T, bool) {
	for turn := via; ctx.Err() == nil; turn++ {
		l := c.w.controls[turn%len(c.w.controls)].serving()
		if l == nil {
			rest(ctx, 50*time.Millisecond)
			continue
		}
		once, cancel := context.WithTimeout(ctx, 10*time.Second)
		stop := context.AfterFunc(l.ctx, cancel)
		v, err := fault.Do(c.w.clients, name, func() (T, error) {
			v, err := do(once, l)
			if l.process.Dead() {
				err = errRefused
			}
			return v, err
		})
		stop()
		cancel()
		if err == nil {
			return v, true
		}
		expected := []glovebox.Kind{glovebox.KindUnavailable, glovebox.KindInternal} // the latter is what an error without a kind has
		if kind := glovebox.KindOf(err); name == "client.Submit" && !slices.Contains(expected, kind) {
			c.w.t.Errorf("%s: %v", name, err)
		} else if kind == glovebox.KindConflict {
			break // the job has ended before
		}
		rest(ctx, 50*time.Millisecond)
	}
	var none T
	return none, false
}

func contextFor(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(background, d)
}
