package runtimetest

import (
	"context"
	"testing"
	"time"

	"glovebox"
)

// lifecycle: Create → Start → Wait … Signal … → Destroy, and what is legal
// outside that order.
func (s suite) lifecycle(t *testing.T) {
	s.check(t, "whole", func(t *testing.T) {
		j := s.newJob(t, s.spec("exit", "7"), nil)
		before := time.Now().Add(-time.Second)
		if err := s.sys.Create(j.ctx, j.spec); err != nil {
			t.Fatal(err)
		}
		s.wantFound(t, j.spec.ID, false)
		wantKind(t, s.sys.Create(j.ctx, j.spec), glovebox.KindConflict)
		if err := s.sys.Start(j.ctx, j.spec.ID); err != nil {
			t.Fatal(err)
		}
		s.wantFound(t, j.spec.ID, true)
		first := j.wait()
		if first.Code != 7 || first.Signal != 0 || first.Limit != "" {
			t.Errorf("exit %+v, want code 7", first)
		}
		if first.Started.Before(before) || first.Ended.Before(first.Started) || time.Since(first.Ended) > patience {
			t.Errorf("started %v, ended %v", first.Started, first.Ended)
		}
		if again := j.wait(); !same(first, again) {
			t.Errorf("a second Wait gives %+v, the first gave %+v", again, first)
		}
		if err := s.sys.Signal(j.ctx, j.spec.ID, 15); err != nil {
			t.Errorf("Signal to a command that has ended: %v", err)
		}
		j.destroy()
		j.destroy()
		_, err := s.sys.Wait(j.ctx, j.spec.ID)
		wantKind(t, err, glovebox.KindNotFound)
		wantKind(t, s.sys.Start(j.ctx, j.spec.ID), glovebox.KindNotFound)
		wantKind(t, s.sys.Signal(j.ctx, j.spec.ID, 15), glovebox.KindNotFound)
	})
	s.destroys(t)
	s.oddCalls(t)
}

// destroys: legal at any point.
func (s suite) destroys(t *testing.T) {
	s.check(t, "destroy of what never was", func(t *testing.T) {
		if err := s.sys.Destroy(t.Context(), "test-never-1"); err != nil {
			t.Error(err)
		}
	})
	s.check(t, "destroy without start", func(t *testing.T) {
		j := s.newJob(t, s.spec("echo", "hi"), nil)
		if err := s.sys.Create(j.ctx, j.spec); err != nil {
			t.Fatal(err)
		}
		j.destroy()
		if j.stdout() != "" {
			t.Errorf("it ran: %q", j.stdout())
		}
	})
	s.check(t, "destroy while running", func(t *testing.T) {
		j := s.newJob(t, s.spec("polite"), nil).start().ready()
		ended := make(chan error, 1)
		go func() {
			exit, err := s.sys.Wait(j.ctx, j.spec.ID)
			if err == nil && exit.Code == 0 {
				err = glovebox.Errorf(glovebox.KindInternal, "it ended well: %+v", exit)
			}
			ended <- err
		}()
		time.Sleep(20 * time.Millisecond)
		j.destroy()
		j.drain()
		if err := <-ended; err != nil && glovebox.KindOf(err) != glovebox.KindNotFound {
			t.Errorf("Wait during Destroy: %v", err)
		}
	})
}

func (s suite) oddCalls(t *testing.T) {
	s.check(t, "wait ends with its context", func(t *testing.T) {
		j := s.newJob(t, s.spec("sleep", "30"), nil).start()
		ctx, cancel := context.WithTimeout(j.ctx, 100*time.Millisecond)
		defer cancel()
		if _, err := s.sys.Wait(ctx, j.spec.ID); err == nil {
			t.Error("Wait returned before the command ended")
		}
		j.destroy()
	})
	s.check(t, "ids that cannot be", func(t *testing.T) {
		for _, id := range []string{"", "..", "a/b", "../x", "A", "a--b"} {
			spec := s.spec("echo", "hi")
			spec.ID = id
			if err := s.sys.Create(t.Context(), spec); err == nil {
				t.Errorf("Create took the id %q", id)
			}
			if err := s.sys.Destroy(t.Context(), id); err != nil {
				t.Errorf("Destroy of id %q: %v", id, err)
			}
		}
	})
}

func same(a, b glovebox.Exit) bool {
	return a.Code == b.Code && a.Signal == b.Signal && a.Limit == b.Limit && a.Started.Equal(b.Started) &&
		a.Ended.Equal(b.Ended) && a.Usage == b.Usage
}

func (s suite) wantFound(t testing.TB, id string, started bool) {
	t.Helper()
	found, err := s.sys.List(t.Context())
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	for _, f := range found {
		if f.ID == id {
			if f.Started != started {
				t.Errorf("List says started = %v of %s", f.Started, id)
			}
			return
		}
	}
	t.Errorf("List does not name %s", id)
}
