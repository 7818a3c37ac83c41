package runtimetest

import (
	"testing"

	"glovebox"
)

// crashes: whoever parked it, or keeps it, goes away before it is claimed.
func (p parkingSuite) crashes(t *testing.T) {
	p.check(t, "parked/another process claims", func(t *testing.T) {
		id := p.park(t, generic)
		other := p.n.Open(t)
		j := p.jobFor(t, id, "echo", "hi")
		j.sys = other
		j.start()
		if exit := j.wait(); exit.Code != 0 {
			t.Errorf("exit %+v", exit)
		}
		j.drain()
		if j.stdout() != "hi\n" {
			t.Errorf("stdout %q", j.stdout())
		}
		p.nameless(t, id)
		third := p.n.Open(t)
		if err := third.Destroy(t.Context(), j.spec.ID); err != nil {
			t.Error(err)
		}
	})
	if p.n.KillDaemon != nil {
		p.check(t, "parked/daemon killed", func(t *testing.T) {
			id, spare := p.park(t, generic), p.park(t, generic)
			p.n.KillDaemon(t)
			p.wantFound(t, id, false)
			j := p.jobFor(t, id, "echo", "hi").start()
			if exit := j.wait(); exit.Code != 0 {
				t.Errorf("exit %+v", exit)
			}
			j.destroy()
			if err := p.sys.Destroy(t.Context(), spare); err != nil {
				t.Error(err)
			}
		})
	}
	if p.n.KillKeeper != nil {
		p.check(t, "parked/keeper killed", func(t *testing.T) {
			id := p.park(t, generic)
			p.n.KillKeeper(t)
			j := p.jobFor(t, id, "echo", "hi")
			err := p.sys.Create(j.ctx, j.spec)
			if kind := glovebox.KindOf(err); kind != glovebox.KindNotFound && kind != glovebox.KindUnavailable {
				t.Errorf("a claim after the keeper died says %v", err)
			}
			p.nameless(t, id)
			p.nameless(t, j.spec.ID)
			// As its words have it, without the parked one the same may do.
			j.spec.Parked = ""
			if exit := j.start().wait(); exit.Code != 0 {
				t.Errorf("exit %+v", exit)
			}
			j.destroy()
		})
	}
}
