package shimtest

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	stats1 "github.com/containerd/cgroups/v3/cgroup1/stats"
	stats2 "github.com/containerd/cgroups/v3/cgroup2/stats"
	api "github.com/containerd/containerd/api/runtime/task/v3"
	taskapi "github.com/containerd/containerd/api/types/task"
	"github.com/containerd/typeurl/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestKill(t *testing.T) {
	s := StartShim(t)
	k := s.NewTask(t, Job{Args: []string{"/bin/sh", "-c", "trap '' TERM; trap 'echo got' USR1; echo ready; while true; do sleep 0.05; done"}})
	k.Create(t)
	k.Start(t)
	<-k.Stdout.First
	k.Kill(t, syscall.SIGTERM)
	k.Kill(t, syscall.SIGUSR1)
	time.Sleep(300 * time.Millisecond)
	if st := s.state(t, k); st.Status != taskapi.Status_RUNNING {
		t.Fatalf("state %v after an ignored signal", st.Status)
	}
	began := time.Now()
	k.Kill(t, syscall.SIGKILL)
	if got := k.Wait(t); got != 137 {
		t.Errorf("status %d", got)
	}
	t.Logf("killed in %v", time.Since(began))
	if !strings.Contains(k.Stdout.String(), "got") {
		t.Errorf("output %q", k.Stdout.String())
	}
	if err := k.tryKill(syscall.SIGKILL); status.Code(err) != codes.NotFound {
		t.Errorf("Kill after the end: %v", err)
	}
	k.Delete(t)
}

func (s *Shim) state(t *testing.T, k *Task) *api.StateResponse {
	t.Helper()
	st, err := s.State(context.Background(), &api.StateRequest{ID: k.ID})
	must(t, err)
	return st
}

func TestStatesAndRepeatedWaits(t *testing.T) {
	s := StartShim(t)
	ctx := context.Background()
	k := s.NewTask(t, Job{Args: []string{"/bin/sh", "-c", "read x; exit 4"}, Stdin: true})
	k.Create(t)
	if st := s.state(t, k); st.Status != taskapi.Status_CREATED || st.Pid == 0 || st.Stdin == "" {
		t.Errorf("created: %v", st)
	}
	k.Start(t)
	if _, err := s.TTRPCTaskService.Start(ctx, &api.StartRequest{ID: k.ID}); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("second Start: %v", err)
	}
	if _, err := s.TTRPCTaskService.Delete(ctx, &api.DeleteRequest{ID: k.ID}); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("Delete of a running task: %v", err)
	}
	if err := k.TryCreate(); status.Code(err) != codes.AlreadyExists {
		t.Errorf("second Create: %v", err)
	}
	results := make(chan uint32, 3)
	for range 3 {
		go func() { results <- k.Wait(t) }()
	}
	pids, err := s.Pids(ctx, &api.PidsRequest{ID: k.ID})
	must(t, err)
	if len(pids.Processes) < 2 || pids.Processes[0].Pid != s.state(t, k).Pid {
		t.Errorf("processes %v", pids.Processes)
	}
	stats, err := s.Stats(ctx, &api.StatsRequest{ID: k.ID})
	must(t, err)
	if stats.Stats == nil {
		t.Error("no stats")
	}
	_, err = k.Stdin.WriteString("x\n")
	must(t, err)
	for range 3 {
		if got := <-results; got != 4 {
			t.Errorf("status %d", got)
		}
	}
	if got := k.Wait(t); got != 4 {
		t.Errorf("Wait after the end: %d", got)
	}
	if st := s.state(t, k); st.Status != taskapi.Status_STOPPED || st.ExitStatus != 4 || st.ExitedAt == nil {
		t.Errorf("stopped: %v", st)
	}
	pids, err = s.Pids(ctx, &api.PidsRequest{ID: k.ID})
	if err != nil || len(pids.Processes) == 0 {
		t.Errorf("processes after the end: %v %v", pids, err)
	}
	k.Stdin.Close()
	k.Delete(t)
	if _, err := s.State(ctx, &api.StateRequest{ID: k.ID}); status.Code(err) != codes.NotFound {
		t.Errorf("State after Delete: %v", err)
	}
	if _, err := s.TTRPCTaskService.Delete(ctx, &api.DeleteRequest{ID: k.ID}); status.Code(err) != codes.NotFound {
		t.Errorf("second Delete: %v", err)
	}
}

func TestDeleteWithoutStart(t *testing.T) {
	s := StartShim(t)
	k := s.NewTask(t, Job{Args: []string{"/bin/true"}})
	k.Create(t)
	if got := k.Delete(t); got != 137 {
		t.Errorf("status %d", got)
	}
}

func TestPause(t *testing.T) {
	s := StartShim(t)
	ctx := context.Background()
	k := s.NewTask(t, Job{Args: []string{"/bin/sh", "-c", "echo ready; while true; do :; done"}})
	k.Create(t)
	k.Start(t)
	<-k.Stdout.First
	_, err := s.Pause(ctx, &api.PauseRequest{ID: k.ID})
	must(t, err)
	time.Sleep(50 * time.Millisecond)
	before := s.cpu(t, k)
	time.Sleep(300 * time.Millisecond)
	if used := s.cpu(t, k) - before; used > 10e6 {
		t.Errorf("used %d ns of CPU while paused", used)
	}
	_, err = s.Resume(ctx, &api.ResumeRequest{ID: k.ID})
	must(t, err)
	for end := time.Now().Add(5 * time.Second); s.cpu(t, k)-before < 50e6; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("does not run after Resume")
		}
	}
	_, err = s.Pause(ctx, &api.PauseRequest{ID: k.ID})
	must(t, err)
	k.Kill(t, syscall.SIGKILL)
	if got := k.Wait(t); got != 137 {
		t.Errorf("status %d", got)
	}
	k.Delete(t)
}

func TestRefusedCalls(t *testing.T) {
	s := StartShim(t)
	ctx := context.Background()
	if _, err := s.Exec(ctx, &api.ExecProcessRequest{ID: "x"}); status.Code(err) != codes.Unimplemented {
		t.Errorf("Exec: %v", err)
	}
	if _, err := s.Shutdown(ctx, &api.ShutdownRequest{ID: "x", Now: true}); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	status, _, _ := s.Run(t, Job{Args: []string{"/bin/true"}})
	if status != 0 {
		t.Errorf("after Shutdown: %d", status)
	}
}

// cpu is what the sandbox has used, in nanoseconds.
func (s *Shim) cpu(t *testing.T, k *Task) int64 {
	t.Helper()
	st, err := s.Stats(context.Background(), &api.StatsRequest{ID: k.ID})
	must(t, err)
	var v1 stats1.Metrics
	if typeurl.UnmarshalTo(st.Stats, &v1) == nil {
		return int64(v1.CPU.Usage.Total)
	}
	var v2 stats2.Metrics
	must(t, typeurl.UnmarshalTo(st.Stats, &v2))
	return int64(v2.CPU.UsageUsec) * 1000
}
