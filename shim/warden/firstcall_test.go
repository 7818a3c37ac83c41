package warden

import (
	"testing"

	"gvisor.dev/gvisor/pkg/bits"
	"gvisor.dev/gvisor/pkg/sentry/arch"
	"gvisor.dev/gvisor/pkg/sentry/kernel"
	_ "gvisor.dev/gvisor/pkg/sentry/syscalls/linux" // a table
)

// TestFirstCall: a call of a task that is not meant neither counts nor uses the
// hook up. The sandbox's own program may make its first call after the job was
// bound; its root is full by its nature, and was taken for the job's layer.
func TestFirstCall(t *testing.T) {
	tables := kernel.SyscallTables()
	if len(tables) == 0 {
		t.Fatal("gVisor has no table of system calls")
	}
	own, job := &kernel.Task{}, &kernel.Task{}
	var met []*kernel.Task
	err := onFirstCall(func(task *kernel.Task) bool { return task != own }, func(task *kernel.Task) { met = append(met, task) })
	if err != nil {
		t.Fatal(err)
	}
	table := tables[0]
	const getpid = 39
	on := func() bool { return bits.IsOn(table.FeatureEnable.Word(getpid), kernel.ExternalBeforeEnable) }
	for _, step := range []struct {
		task *kernel.Task
		met  int
		on   bool
	}{{own, 0, true}, {own, 0, true}, {job, 1, false}, {job, 1, false}, {own, 1, false}} {
		if table.ExternalFilterBefore(step.task, getpid, arch.SyscallArguments{}) {
			t.Error("the call does not go on")
		}
		if len(met) != step.met || on() != step.on {
			t.Errorf("met %d tasks, hook on: %v; want %d, %v", len(met), on(), step.met, step.on)
		}
	}
	if met[0] != job {
		t.Error("another task than the job's was met")
	}
}

// TestIsJobs: the sandbox's own container is told from all others.
func TestIsJobs(t *testing.T) {
	defer func(before string) { ours = before }(ours)
	task := &kernel.Task{} // of a container without a name
	for name, want := range map[string]bool{"": false, "pool-x": true} {
		if ours = name; isJobs(task) != want {
			t.Errorf("container %q: %v", name, !want)
		}
	}
}
