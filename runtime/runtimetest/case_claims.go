package runtimetest

import (
	"strings"
	"sync"
	"testing"

	"glovebox"
)

// refused: a claim that cannot be leaves nothing, of the parked sandbox either.
func (p parkingSuite) refused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(x *glovebox.SandboxSpec)
		kind   glovebox.Kind
	}{
		{"never parked", func(x *glovebox.SandboxSpec) { x.Parked = "pool-never-1" }, glovebox.KindNotFound},
		{"odd name", func(x *glovebox.SandboxSpec) { x.Parked = "../x" }, glovebox.KindNotFound},
		{"itself", func(x *glovebox.SandboxSpec) { x.ID = x.Parked }, glovebox.KindInvalid},
		{"odd id", func(x *glovebox.SandboxSpec) { x.ID = "A" }, glovebox.KindInvalid},
		{"runc", func(x *glovebox.SandboxSpec) { x.Runtime = glovebox.RuntimeRunc }, glovebox.KindRuntime},
		{"no such command", func(x *glovebox.SandboxSpec) { x.Args = []string{"no-such-command"} }, glovebox.KindNoExecutable},
		{"image not there", func(x *glovebox.SandboxSpec) { x.Image.Digest = "sha256:" + strings.Repeat("0", 64) }, glovebox.KindImageInvalid},
	} {
		p.check(t, "parked/refused/"+c.name, func(t *testing.T) {
			id := p.park(t, generic)
			j := p.jobFor(t, id, "echo", "hi")
			c.change(&j.spec)
			wantKind(t, p.sys.Create(j.ctx, j.spec), c.kind)
			if j.spec.Parked != id { // it was not asked for
				p.wantFound(t, id, false)
				if err := p.sys.Destroy(t.Context(), id); err != nil {
					t.Error(err)
				}
			}
			p.nameless(t, id)
			p.nameless(t, j.spec.ID)
		})
	}
	p.check(t, "parked/used, destroyed, or another's", func(t *testing.T) {
		used := p.park(t, generic)
		first := p.jobFor(t, used, "polite").start().ready()
		destroyed := p.park(t, generic)
		if err := p.sys.Destroy(t.Context(), destroyed); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{used, destroyed, first.spec.ID} {
			j := p.jobFor(t, id, "echo", "hi")
			wantKind(t, p.sys.Create(j.ctx, j.spec), glovebox.KindNotFound)
			p.nameless(t, j.spec.ID)
		}
		wantKind(t, p.sys.Park(t.Context(), first.spec.ID, generic), glovebox.KindConflict)
		// A sandbox of the id that there is already does not lose its life.
		again := p.jobFor(t, p.park(t, generic), "echo", "hi")
		again.spec.ID = first.spec.ID
		wantKind(t, p.sys.Create(again.ctx, again.spec), glovebox.KindConflict)
		p.nameless(t, again.spec.Parked)
		if err := p.sys.Signal(first.ctx, first.spec.ID, 15); err != nil {
			t.Error(err)
		}
		if exit := first.wait(); exit.Code != 3 {
			t.Errorf("exit %+v", exit)
		}
		first.destroy()
	})
	p.check(t, "parked/refused templates", func(t *testing.T) {
		wantKind(t, p.sys.Park(t.Context(), "A", generic), glovebox.KindInvalid)
		id := p.park(t, generic)
		wantKind(t, p.sys.Park(t.Context(), id, generic), glovebox.KindConflict)
		p.wantFound(t, id, false)
		if err := p.sys.Destroy(t.Context(), id); err != nil {
			t.Error(err)
		}
	})
}

// races: of all who want one parked sandbox, one gets it.
func (p parkingSuite) races(t *testing.T) {
	p.check(t, "parked/two claims at once", func(t *testing.T) {
		for range 3 {
			id := p.park(t, generic)
			jobs := []*job{p.jobFor(t, id, "echo", "hi"), p.jobFor(t, id, "echo", "hi"), p.jobFor(t, id, "echo", "hi")}
			errs := make([]error, len(jobs))
			var wg sync.WaitGroup
			for i, j := range jobs {
				wg.Go(func() { errs[i] = p.sys.Create(j.ctx, j.spec) })
			}
			wg.Wait()
			won := 0
			for i, j := range jobs {
				if errs[i] != nil {
					wantKind(t, errs[i], glovebox.KindNotFound)
					p.nameless(t, j.spec.ID)
					continue
				}
				won++
				if err := p.sys.Start(j.ctx, j.spec.ID); err != nil {
					t.Error(err)
				}
				j.wait()
				j.drain()
				if j.stdout() != "hi\n" {
					t.Errorf("stdout %q", j.stdout())
				}
				j.destroy()
			}
			if won != 1 {
				t.Errorf("%d got it: %v", won, errs)
			}
		}
	})
	p.check(t, "parked/claimed and destroyed at once", func(t *testing.T) {
		for range 3 {
			id := p.park(t, generic)
			j := p.jobFor(t, id, "echo", "hi")
			var wg sync.WaitGroup
			var created error
			wg.Go(func() { created = p.sys.Create(j.ctx, j.spec) })
			wg.Go(func() {
				if err := p.sys.Destroy(j.ctx, id); err != nil {
					t.Error(err)
				}
			})
			wg.Wait()
			if created == nil {
				if err := p.sys.Start(j.ctx, j.spec.ID); err != nil {
					t.Error(err)
				}
				if exit := j.wait(); exit.Code != 0 {
					t.Errorf("exit %+v", exit)
				}
			} else {
				wantKind(t, created, glovebox.KindNotFound)
				p.nameless(t, j.spec.ID)
			}
			j.destroy()
			p.nameless(t, id)
		}
	})
}
