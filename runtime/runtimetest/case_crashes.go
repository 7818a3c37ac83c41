package runtimetest

import (
	"context"
	"testing"
	"time"

	"glovebox"
)

// crashes: the agent, containerd or the shim go away at a bad time.
func (s suite) crashes(t *testing.T) {
	s.check(t, "second process", func(t *testing.T) {
		running := s.newJob(t, s.spec("polite"), nil).start().ready()
		ended := s.newJob(t, s.spec("exit", "5"), nil).start()
		first := ended.wait()
		created := s.newJob(t, s.spec("echo", "late"), nil)
		if err := s.sys.Create(created.ctx, created.spec); err != nil {
			t.Fatal(err)
		}

		other := s
		other.sys = s.n.Open(t)
		other.wantFound(t, running.spec.ID, true)
		other.wantFound(t, ended.spec.ID, true)
		other.wantFound(t, created.spec.ID, false)
		if again, err := other.sys.Wait(t.Context(), ended.spec.ID); err != nil || !same(first, again) {
			t.Errorf("Wait in the second process: %+v, %v; in the first: %+v", again, err, first)
		}
		if err := other.sys.Signal(t.Context(), running.spec.ID, 15); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if exit, err := other.sys.Wait(ctx, running.spec.ID); err != nil || exit.Code != 3 {
			t.Errorf("Wait of what the first process started: %+v, %v", exit, err)
		}
		if err := other.sys.Start(t.Context(), created.spec.ID); err != nil {
			t.Error(err)
		}
		if exit, err := other.sys.Wait(ctx, created.spec.ID); err != nil || exit.Code != 0 {
			t.Errorf("what the first process created: %+v, %v", exit, err)
		}
		created.drain()
		if created.stdout() != "late\n" {
			t.Errorf("stdout %q", created.stdout())
		}
		for _, j := range []*job{running, ended, created} {
			if err := other.sys.Destroy(t.Context(), j.spec.ID); err != nil {
				t.Error(err)
			}
		}
	})
	s.check(t, "create given up", s.givenUp)
	if s.n.KillDaemon != nil {
		s.check(t, "daemon killed", s.daemonKilled)
	}
	if s.n.KillKeeper != nil {
		s.check(t, "keeper killed", s.keeperKilled)
	}
}

// givenUp ends the context of Create at many points: it leaves all or nothing.
func (s suite) givenUp(t *testing.T) {
	for after := time.Millisecond; after < 200*time.Millisecond; after = after * 3 / 2 {
		j := s.newJob(t, s.spec("echo", "hi"), nil)
		ctx, cancel := context.WithTimeout(j.ctx, after)
		err := s.sys.Create(ctx, j.spec)
		cancel()
		if err != nil {
			left, lerr := s.sys.Residue(j.ctx, nil)
			if lerr != nil || len(left) > 0 {
				t.Errorf("given up after %v (%v), this is left: %v, %v", after, err, left, lerr)
			}
		}
		j.destroy()
	}
}

// daemonKilled: sandboxes live on, and calls wait for the daemon to come back.
func (s suite) daemonKilled(t *testing.T) {
	running := s.newJob(t, s.spec("polite"), nil).start().ready()
	ending := s.newJob(t, s.spec("sleep", "0.3"), nil).start()
	created := s.newJob(t, s.spec("echo", "hi"), nil)
	if err := s.sys.Create(created.ctx, created.spec); err != nil {
		t.Fatal(err)
	}
	waited := make(chan glovebox.Exit, 1)
	go func() {
		exit, err := s.sys.Wait(running.ctx, running.spec.ID)
		if err != nil {
			t.Errorf("Wait over the kill: %v", err)
		}
		waited <- exit
	}()
	time.Sleep(50 * time.Millisecond)
	s.n.KillDaemon(t)

	if err := s.sys.Start(created.ctx, created.spec.ID); err != nil {
		t.Errorf("Start after the kill: %v", err)
	}
	if exit := created.wait(); exit.Code != 0 {
		t.Errorf("created before the kill: %+v", exit)
	}
	if exit := ending.wait(); exit.Code != 0 {
		t.Errorf("ended about the kill: %+v", exit)
	}
	if err := s.sys.Signal(running.ctx, running.spec.ID, 15); err != nil {
		t.Error(err)
	}
	select {
	case exit := <-waited:
		if exit.Code != 3 {
			t.Errorf("running over the kill: %+v", exit)
		}
	case <-time.After(patience):
		t.Error("Wait does not return after the kill")
	}
	running.drain()
	if running.stdout() != "ready\nbye\n" {
		t.Errorf("stdout over the kill: %q", running.stdout())
	}
	for _, j := range []*job{running, ending, created} {
		j.destroy()
	}
	if _, exit := s.run(t, s.spec("exit", "4"), nil); exit.Code != 4 {
		t.Errorf("a new job after the kill: %+v", exit)
	}
}

// keeperKilled: the sandboxes are gone, and that is said.
func (s suite) keeperKilled(t *testing.T) {
	j := s.newJob(t, s.spec("stubborn"), nil).start().ready()
	s.n.KillKeeper(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := s.sys.Wait(ctx, j.spec.ID)
	wantKind(t, err, glovebox.KindNodeLost)
	j.destroy()
	if _, exit := s.run(t, s.spec("exit", "4"), nil); exit.Code != 4 {
		t.Errorf("a new job after the kill: %+v", exit)
	}
}
