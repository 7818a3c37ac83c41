package agent

import (
	"context"
	"fmt"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

const (
	maxRefused = 4096 // orders that cannot be carried out and are reported so
	maxEchoed  = 256  // bytes of an id that is no id
)

// apply makes an answer the wish of every sandbox: those it names are made or
// go on, those it does not name are destroyed. It says whether the answer is
// another than the one before.
func (a *Agent) apply(ctx context.Context, resp *nodev1.SyncResponse) (news bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	named := make(map[string]bool, len(resp.GetWant()))
	for _, o := range resp.GetWant() {
		id, ok := sandboxID(o.GetJob(), o.GetAttempt())
		if !ok {
			id = fmt.Sprintf("not an id: %.256q %d", o.GetJob(), o.GetAttempt())
		}
		if named[id] {
			continue
		}
		named[id] = true
		a.order(ctx, id, ok, o)
	}
	for id, s := range a.sandboxes {
		if !named[id] {
			s.setWish(wish{known: true})
		}
	}
	for id := range a.refused {
		if !named[id] {
			delete(a.refused, id)
			a.notify()
		}
	}
	a.saves.want(resp.GetSaves(), resp.GetTemplates())
	if t := resp.GetTemplates(); t != nil {
		a.pool.setTemplates(parseTemplates(t.GetAll(), a.cfg.Log))
	}
	news = resp.GetRevision() == "" || resp.GetRevision() != a.known
	a.known = resp.GetRevision()
	return news
}

// order carries one order out; the caller holds a.mu.
func (a *Agent) order(ctx context.Context, id string, valid bool, o *nodev1.Order) {
	if s := a.sandboxes[id]; s != nil {
		s.setWish(wish{known: true, ordered: true, stop: o.GetStop(), grace: grace(o), order: o})
		return
	}
	if a.refused[id] != nil || len(a.refused) >= maxRefused || len(o.GetJob()) > maxEchoed {
		return
	}
	if !valid {
		a.refuse(id, o.GetJob(), o.GetAttempt(), neverRan(glovebox.Errorf(glovebox.KindInvalid, "the order names no job and attempt").On("job")))
		return
	}
	if a.past.has(id) {
		a.refuse(id, o.GetJob(), o.GetAttempt(), lost(errRanBefore()))
		return
	}
	if _, err := parseWork(o.GetWork(), a.cfg.Info.Runtimes); err != nil {
		a.refuse(id, o.GetJob(), o.GetAttempt(), neverRan(err))
		return
	}
	s := a.newSandbox(id, o.GetJob(), o.GetAttempt())
	s.dir, s.fresh = a.folder(id), true
	s.setWish(wish{known: true, ordered: true, stop: o.GetStop(), grace: grace(o), order: o})
	a.launch(ctx, s, s.preparing) // the next call, which follows at once, names it
}

// refuse reports an order as ended until control drops it; the caller holds a.mu.
func (a *Agent) refuse(id, job string, attempt int32, e *nodev1.Exit) {
	a.refused[id] = &nodev1.Sandbox{Job: job, Attempt: attempt, Phase: nodev1.Phase_PHASE_EXITED, Exit: e}
	a.notify()
}

func errRanBefore() error {
	return nodeLost("this attempt was on the node before and has been destroyed")
}

// grace is the time from SIGTERM to SIGKILL; an order without one gets the usual.
func grace(o *nodev1.Order) time.Duration {
	if o.GetGrace() == nil {
		return glovebox.StopGrace
	}
	return min(max(o.GetGrace().AsDuration(), 0), maxGrace)
}
