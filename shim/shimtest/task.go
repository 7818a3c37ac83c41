package shimtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
)

// Patience bounds every single call of a test.
const Patience = 60 * time.Second

// Task is a job's task in the shim.
type Task struct {
	ID     string
	Bundle string
	Stdin  *os.File // the writing end, if the job has one

	Stdout, Stderr *Output

	shim *Shim
	job  Job
}

var nextID atomic.Int64

// NewTask writes the bundle and the pipes.
func (s *Shim) NewTask(t testing.TB, j Job) *Task {
	t.Helper()
	id := fmt.Sprintf("job%d", nextID.Add(1))
	task := &Task{ID: id, Bundle: filepath.Join(s.Dir, "b", id), shim: s, job: j}
	must(t, os.MkdirAll(task.Bundle, 0o711))
	must(t, os.WriteFile(filepath.Join(task.Bundle, "config.json"), s.config(t, id, j), 0o600))
	for _, name := range []string{"stdin", "stdout", "stderr"} {
		must(t, syscall.Mkfifo(task.Pipe(name), 0o600))
	}
	return task
}

// Pipe is the path of one of the job's pipes.
func (k *Task) Pipe(name string) string { return filepath.Join(k.Bundle, name) }

// Create creates the task and begins to read its output.
func (k *Task) Create(t testing.TB) {
	t.Helper()
	must(t, k.TryCreate())
}

// TryCreate is Create for a task that may be refused.
func (k *Task) TryCreate() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	r := &api.CreateTaskRequest{ID: k.ID, Bundle: k.Bundle, Stdout: k.Pipe("stdout"), Stderr: k.Pipe("stderr"), Terminal: k.job.Terminal}
	if k.job.Stdin {
		r.Stdin = k.Pipe("stdin")
	}
	// The reading ends are opened first and read last: while the shim has no
	// end yet they would read as ended.
	if k.Stdout, err = openOutput(k.Pipe("stdout")); err != nil {
		return err
	}
	if k.Stderr, err = openOutput(k.Pipe("stderr")); err != nil {
		return err
	}
	if parked || k.job.Parked {
		err = k.parkAndClaim(ctx, r)
	} else {
		_, err = k.shim.TTRPCTaskService.Create(ctx, r)
		if err == nil && len(k.job.Files) > 0 {
			err = k.GiveFiles(ctx, k.job.Files)
		}
	}
	if err != nil {
		return err
	}
	if k.job.Stdin {
		// Without blocking, because a job without input has no reader.
		k.Stdin, err = os.OpenFile(k.Pipe("stdin"), os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err != nil && !errors.Is(err, syscall.ENXIO) {
			return err
		}
	}
	go k.Stdout.collect()
	go k.Stderr.collect()
	return nil
}

// Start lets the job run.
func (k *Task) Start(t testing.TB) {
	t.Helper()
	must(t, k.TryStart())
}

// TryStart is Start for a job that may be refused.
func (k *Task) TryStart() error {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	_, err := k.shim.TTRPCTaskService.Start(ctx, &api.StartRequest{ID: k.ID})
	return err
}

// Wait returns the exit status.
func (k *Task) Wait(t testing.TB) uint32 {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	r, err := k.shim.TTRPCTaskService.Wait(ctx, &api.WaitRequest{ID: k.ID})
	must(t, err)
	return r.ExitStatus
}

// Kill sends a signal.
func (k *Task) Kill(t testing.TB, sig syscall.Signal) {
	t.Helper()
	must(t, k.tryKill(sig))
}

func (k *Task) tryKill(sig syscall.Signal) error {
	_, err := k.shim.TTRPCTaskService.Kill(context.Background(), &api.KillRequest{ID: k.ID, Signal: uint32(sig)})
	return err
}

// Delete removes the task and returns its exit status.
func (k *Task) Delete(t testing.TB) uint32 {
	t.Helper()
	r, err := k.shim.TTRPCTaskService.Delete(context.Background(), &api.DeleteRequest{ID: k.ID})
	must(t, err)
	return r.ExitStatus
}

// Report is what the shim wrote about the end of the job.
func (k *Task) Report(t testing.TB) map[string]any {
	t.Helper()
	data, err := os.ReadFile(k.shim.reportPath(k.ID))
	must(t, err)
	var r map[string]any
	must(t, json.Unmarshal(data, &r))
	return r
}

// Run takes a job through its whole life.
func (s *Shim) Run(t testing.TB, j Job) (status uint32, stdout, stderr string) {
	t.Helper()
	k := s.NewTask(t, j)
	k.Create(t)
	k.Start(t)
	status = k.Wait(t)
	stdout, stderr = k.Stdout.String(), k.Stderr.String()
	if got := k.Delete(t); got != status {
		t.Errorf("Delete reports status %d, Wait %d", got, status)
	}
	return status, stdout, stderr
}
