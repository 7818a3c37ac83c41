package containerdtest

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/cio"
	"github.com/containerd/errdefs"
)

func TestJobThroughContainerd(t *testing.T) {
	c := StartContainerd(t)
	for i := range 20 {
		want := uint32(i % 2 * 7)
		j := c.newJob(t, "/bin/sh", "-c", fmt.Sprintf("echo hi; exit %d", want))
		c.newTask(t, j)
		exited := c.wait(t, j)
		if err := j.task.Start(c.Ctx); err != nil {
			t.Fatalf("Start: %v", err)
		}
		if got := c.finish(t, j, exited); got != want {
			t.Errorf("status %d, want %d", got, want)
		}
		if j.stdout.String() != "hi\n" {
			t.Errorf("output %q", j.stdout.String())
		}
	}
}

func TestStartErrorThroughContainerd(t *testing.T) {
	c := StartContainerd(t)
	j := c.newJob(t, "/bin/nope")
	c.newTask(t, j)
	if err := j.task.Start(c.Ctx); !errdefs.IsNotFound(err) {
		t.Errorf("Start: %v", err)
	}
	if _, err := j.task.Delete(c.Ctx); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if err := j.container.Delete(c.Ctx); err != nil {
		t.Errorf("container.Delete: %v", err)
	}
}

// sleeper is a job that runs until it is killed.
func (c *Containerd) sleeper(t *testing.T) *job {
	t.Helper()
	j := c.newJob(t, "/bin/sleep", "1000")
	c.newTask(t, j)
	if err := j.task.Start(c.Ctx); err != nil {
		t.Fatalf("Start: %v", err)
	}
	return j
}

// Sandboxes live on while containerd is away, those that end meanwhile too.
func TestContainerdDies(t *testing.T) {
	c := StartContainerd(t)
	running, ending := c.sleeper(t), c.sleeper(t)
	id, endingID := running.container.ID(), ending.container.ID()
	c.Kill()
	if err := syscall.Kill(int(ending.task.Pid()), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	c.Start(t)
	for _, want := range []struct {
		id     string
		status client.ProcessStatus
	}{{id, client.Running}, {endingID, client.Stopped}} {
		container, err := c.Client.LoadContainer(c.Ctx, want.id)
		if err != nil {
			t.Fatal(err)
		}
		task, err := container.Task(c.Ctx, cio.Load)
		if err != nil {
			t.Fatalf("task of %s: %v\n%s", want.id, err, c.Log())
		}
		status, err := task.Status(c.Ctx)
		if err != nil || status.Status != want.status {
			t.Errorf("%s: status %v, %v; want %v", want.id, status, err, want.status)
		}
		exited, err := task.Wait(c.Ctx)
		if err != nil {
			t.Fatal(err)
		}
		if want.status == client.Running {
			if err := task.Kill(c.Ctx, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		if s := <-exited; s.ExitCode() != 137 || s.Error() != nil {
			t.Errorf("%s: exit %d, %v", want.id, s.ExitCode(), s.Error())
		}
		if _, err := task.Delete(c.Ctx); err != nil {
			t.Errorf("Delete: %v", err)
		}
		if err := container.Delete(c.Ctx); err != nil {
			t.Errorf("container.Delete: %v", err)
		}
	}
}

// When the shim dies containerd executes it with "delete" for every task, and
// then the tasks are gone.
func TestShimDiesUnderContainerd(t *testing.T) {
	c := StartContainerd(t)
	jobs := []*job{c.sleeper(t), c.sleeper(t)}
	exits := []<-chan client.ExitStatus{c.wait(t, jobs[0]), c.wait(t, jobs[1])}
	c.Shim.Kill()
	for _, exited := range exits {
		select {
		case <-exited:
		case <-time.After(10 * time.Second):
			t.Fatal("Wait does not notice that the shim has died")
		}
	}
	c.Shim.Start(t)
	for _, j := range jobs {
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			if _, err := j.container.Task(c.Ctx, nil); errdefs.IsNotFound(err) {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("the task of %s is still there\n%s", j.container.ID(), c.Log())
			}
		}
		if err := j.container.Delete(c.Ctx); err != nil {
			t.Errorf("container.Delete: %v", err)
		}
	}
	if strings.Contains(c.Log(), "failed to delete dead shim") {
		t.Errorf("containerd could not delete:\n%s", c.Log())
	}
	j := c.newJob(t, "/bin/true")
	c.newTask(t, j)
	exited := c.wait(t, j)
	if err := j.task.Start(c.Ctx); err != nil {
		t.Fatal(err)
	}
	if got := c.finish(t, j, exited); got != 0 {
		t.Errorf("after the restart: status %d", got)
	}
}
