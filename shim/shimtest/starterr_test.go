package shimtest

import (
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
