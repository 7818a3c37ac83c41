package shimtest

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestStartErrors(t *testing.T) {
	s := StartShim(t)
	for _, c := range []struct {
		name string
		job  Job
		want codes.Code
	}{
		{"missing path", Job{Args: []string{"/bin/nope"}}, codes.NotFound},
		{"missing name", Job{Args: []string{"nope"}}, codes.NotFound},
		{"not executable", Job{Args: []string{"/bin/noexec"}}, codes.PermissionDenied},
		{"directory", Job{Args: []string{"/bin"}}, codes.PermissionDenied},
		{"garbage", Job{Args: []string{"/bin/garbage"}}, codes.InvalidArgument},
		{"working directory is a file", Job{Args: []string{"/bin/true"}, Cwd: "/bin/busybox"}, codes.FailedPrecondition},
		{"no working directory", Job{Args: []string{"/bin/true"}, Cwd: "/nope"}, codes.FailedPrecondition},
	} {
		k := s.NewTask(t, c.job)
		k.Create(t)
		err := k.TryStart()
		if status.Code(err) != c.want {
			t.Errorf("%s: %v; want %v", c.name, err, c.want)
		} else {
			t.Logf("%s: %v", c.name, err)
		}
		k.Wait(t)
		k.Delete(t)
	}
}

func TestCreateErrors(t *testing.T) {
	s := StartShim(t)
	for _, c := range []struct {
		name string
		job  Job
		want codes.Code
	}{
		{"terminal", Job{Args: []string{"/bin/true"}, Terminal: true}, codes.Unimplemented},
		{"no command", Job{}, codes.InvalidArgument},
		{"bad scratch", Job{Args: []string{"/bin/true"}, Annotations: map[string]string{"dev.glovebox.scratch": "dir=x"}}, codes.InvalidArgument},
		{"endless scratch", Job{Args: []string{"/bin/true"}, Annotations: map[string]string{"dev.glovebox.scratch": "dir=/tmp"}}, codes.InvalidArgument},
	} {
		if err := s.NewTask(t, c.job).TryCreate(); status.Code(err) != c.want {
			t.Errorf("%s: %v; want %v", c.name, err, c.want)
		}
	}
}

// A group that exists already may hold somebody's processes, and cleaning up
// would kill them.
func TestForeignControlGroupIsLeftAlone(t *testing.T) {
	s := StartShim(t)
	k := s.NewTask(t, sleeper)
	dir := "/sys/fs/cgroup/pids" + s.CgroupPath(k.ID)
	if _, err := os.Stat("/sys/fs/cgroup/pids"); err != nil {
		dir = "/sys/fs/cgroup" + s.CgroupPath(k.ID)
	}
	must(t, os.MkdirAll(dir, 0o755))
	victim := exec.Command("sleep", "1000")
	must(t, victim.Start())
	defer victim.Process.Kill()
	must(t, os.WriteFile(dir+"/cgroup.procs", fmt.Append(nil, victim.Process.Pid), 0o644))
	if err := k.TryCreate(); status.Code(err) != codes.AlreadyExists {
		t.Errorf("Create: %v", err)
	}
	if err := syscall.Kill(victim.Process.Pid, 0); err != nil {
		t.Errorf("the process of the foreign group: %v", err)
	}
	must(t, victim.Process.Kill())
	_ = victim.Wait()
	must(t, os.Remove(dir))
}
