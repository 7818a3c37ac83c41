package runtimetest

import (
	"testing"

	"glovebox"
)

// collecting: what is left in sandboxes of templates. Those for any image are
// for the other cases, which run with Node.Parked.
func (p parkingSuite) collecting(t *testing.T) {
	if _, ok := p.sys.(glovebox.Collector); !ok {
		return
	}
	p.check(t, "collected/template", func(t *testing.T) {
		id := p.park(t, glovebox.Template{Name: "suite", Image: p.img.Image})
		_, err := p.sys.(glovebox.Collector).Collect(t.Context(), id, &stopsAt{})
		wantKind(t, err, glovebox.KindNotFound)
		j := p.jobFor(t, id, "leave", "a/b=1", "c@").start()
		j.wait()
		j.collect().want(t, 1, "a/", "a/b=1")
		j.destroy()
	})
	sys, ok := p.sys.(saver)
	if !ok || !p.n.Real {
		return
	}
	p.check(t, "collected/restored", func(t *testing.T) { savingSuite{p, sys}.collects(t) })
}

// collects: a program that goes on from a snapshot leaves what it leaves, besides
// what it had there before.
func (s savingSuite) collects(t *testing.T) {
	args := []string{"sh", "-c", "echo 1 >/out/before; trap 'echo 2 >/out/after; exit 3' TERM; echo ready; while :; do sleep 0.05; done"}
	j := s.newJob(t, s.spec(args...), nil).start().ready()
	template := s.snapshot(t, j, true)
	defer s.remove(t, template)
	j.wait()
	j.drain()
	j.destroy()
	again := s.jobFor(t, s.park(t, template), args...)
	again.spec.Snapshot = template.Snapshot
	again.start()
	if err := s.sys.Signal(again.ctx, again.spec.ID, 15); err != nil {
		t.Error(err)
	}
	if exit := again.wait(); exit.Code != 3 {
		t.Errorf("exit %+v", exit)
	}
	again.collect().want(t, 0, "after=2\n", "before=1\n")
	again.destroy()
}
