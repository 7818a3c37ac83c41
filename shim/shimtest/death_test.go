package shimtest

import (
	"context"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var sleeper = Job{Args: []string{"/bin/sh", "-c", "echo ready; sleep 1000"}, ScratchSize: 1 << 20, Tasks: 20}

// Sandboxes must not outlive their shim, and the next one starts clean.
func TestShimDeath(t *testing.T) {
	s := StartShim(t)
	// Some history first, so that threads have been used for other things.
	for range 5 {
		s.Run(t, Job{Args: []string{"/bin/true"}})
	}
	var tasks []*Task
	for range 4 {
		k := s.NewTask(t, sleeper)
		k.Create(t)
		k.Start(t)
		<-k.Stdout.First
		tasks = append(tasks, k)
	}
	created := s.NewTask(t, sleeper)
	created.Create(t)

	s.Kill()
	began := time.Now()
	for len(s.cgroupProcs()) > 0 {
		if time.Since(began) > 2*time.Second {
			t.Fatalf("still alive: %v", s.Residue())
		}
		time.Sleep(time.Millisecond)
	}
	t.Logf("all sandboxes died within %v", time.Since(began))

	s.Start(t)
	if left := s.Residue(); len(left) > 0 {
		t.Errorf("the next shim has left: %v", left)
	}
	_, err := s.TTRPCTaskService.Delete(context.Background(), &api.DeleteRequest{ID: tasks[0].ID})
	if status.Code(err) != codes.NotFound {
		t.Errorf("Delete of a lost task: %v", err)
	}
	again := tasks[0]
	again.Create(t)
	again.Start(t)
	<-again.Stdout.First
	s.killIfRunning(again)
	if got := again.Wait(t); got != 137 {
		t.Errorf("status %d", got)
	}
	again.Delete(t)
}

// A second shim must not touch what the first one has.
func TestOneShimPerRoot(t *testing.T) {
	s := StartShim(t)
	k := s.NewTask(t, sleeper)
	k.Create(t)
	k.Start(t)
	if out, err := s.command("--socket", s.Socket+"2").CombinedOutput(); err == nil {
		t.Errorf("a second shim has started: %s", out)
	}
	s.killIfRunning(k)
	k.Wait(t)
	k.Delete(t)
}

// Told to stop, the shim ends, and its sandboxes with it.
func TestStopBySignal(t *testing.T) {
	s := StartShim(t)
	k := s.NewTask(t, sleeper)
	k.Create(t)
	k.Start(t)
	<-k.Stdout.First
	s.Stop(t)
	for end := time.Now().Add(2 * time.Second); len(s.cgroupProcs()) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still alive: %v", s.Residue())
		}
	}
	s.Start(t)
}
