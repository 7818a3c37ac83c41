package runtimetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"glovebox"
)

// collecting: what a job leaves under /out is handed over from its end until
// Destroy.
func (s suite) collecting(t *testing.T) {
	if _, ok := s.sys.(glovebox.Collector); !ok {
		return
	}
	s.check(t, "collected/nothing", func(t *testing.T) {
		j := s.newJob(t, s.spec("echo", "hi"), nil).start()
		j.wait()
		c := j.collect()
		c.want(t, 0)
		if len(c.bytes) == 0 || len(bytes.Trim(c.bytes, "\x00")) > 0 {
			t.Errorf("that is no empty archive: %.100q", c.bytes)
		}
		j.destroy()
	})
	s.check(t, "collected/tree", func(t *testing.T) {
		j := s.newJob(t, s.spec("leave", "b/c=two", "a=1", "b/d/", "b/link@", "b.txt=", "z/y/x=deep", "pipe@"), nil).start()
		j.wait()
		first := j.collect()
		first.want(t, 2, "a=1", "b/", "b/c=two", "b/d/", "b.txt=", "z/", "z/y/", "z/y/x=deep")
		if first.modes["a"] != 0o644 || first.modes["b/"] != 0o755 {
			t.Errorf("modes %v", first.modes)
		}
		if again := j.collect(); !bytes.Equal(first.bytes, again.bytes) {
			t.Error("a second time it is other bytes")
		}
		other := s.n.Open(t)
		var b bytes.Buffer
		if leftOut, err := other.(glovebox.Collector).Collect(j.ctx, j.spec.ID, &b); err != nil || leftOut != 2 || !bytes.Equal(first.bytes, b.Bytes()) {
			t.Errorf("a second process has %d bytes of %d, %d, %v", b.Len(), len(first.bytes), leftOut, err)
		}
		j.destroy()
		s.refusesToCollect(t, j, glovebox.KindNotFound)
	})
	s.check(t, "collected/not yet", s.notYet)
	s.check(t, "collected/killed", func(t *testing.T) {
		j := s.newJob(t, s.spec("leave", "x=1", "wait"), nil).start().ready()
		for _, signal := range []int{15, 9} { // as when its time is over
			if err := s.sys.Signal(j.ctx, j.spec.ID, signal); err != nil {
				t.Fatal(err)
			}
		}
		if exit := j.wait(); exit.Code != 137 || exit.Signal != 9 || exit.Limit != "" {
			t.Errorf("exit %+v", exit)
		}
		j.collect().want(t, 0, "x=1")
		j.destroy()
	})
	s.check(t, "collected/given up", s.collectGivenUp)
	if s.n.Real {
		s.collectingReal(t)
	}
}

// refusesToCollect asks in vain.
func (s suite) refusesToCollect(t *testing.T, j *job, kind glovebox.Kind) {
	t.Helper()
	var b bytes.Buffer
	_, err := s.sys.(glovebox.Collector).Collect(j.ctx, j.spec.ID, &b)
	wantKind(t, err, kind)
	if b.Len() > 0 {
		t.Errorf("and it wrote %d bytes", b.Len())
	}
}

func (s suite) notYet(t *testing.T) {
	j := s.newJob(t, s.spec("leave", "x=1", "wait"), nil)
	s.refusesToCollect(t, j, glovebox.KindNotFound)
	if err := s.sys.Create(j.ctx, j.spec); err != nil {
		t.Fatal(err)
	}
	s.refusesToCollect(t, j, glovebox.KindConflict)
	if err := s.sys.Start(j.ctx, j.spec.ID); err != nil {
		t.Fatal(err)
	}
	j.ready()
	s.refusesToCollect(t, j, glovebox.KindConflict)
	j.destroy()
	s.refusesToCollect(t, j, glovebox.KindNotFound)
}

// collectGivenUp: it ends with its writer and with its context, and then works
// as before.
func (s suite) collectGivenUp(t *testing.T) {
	j := s.newJob(t, s.spec("leave", "x=1", "y=2"), nil).start()
	j.wait()
	sys := s.sys.(glovebox.Collector)
	for _, room := range []int{0, 100, 600, 1100} {
		if _, err := sys.Collect(j.ctx, j.spec.ID, &stopsAt{room}); !errors.Is(err, errEnough) {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
	}
	ctx, cancel := context.WithCancel(j.ctx)
	cancel()
	if _, err := sys.Collect(ctx, j.spec.ID, io.Discard); err == nil {
		t.Error("without a context it worked")
	}
	j.collect().want(t, 0, "x=1", "y=2")
	j.destroy()
}
