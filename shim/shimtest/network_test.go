package shimtest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// newNetNS makes a network namespace that lives as long as the test.
func newNetNS(t *testing.T) string {
	t.Helper()
	path, done := make(chan string), make(chan struct{})
	go func() {
		runtime.LockOSThread() // and never unlock: the thread is spoilt
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			path <- ""
			return
		}
		path <- fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid())
		<-done
	}()
	t.Cleanup(func() { close(done) })
	p := <-path
	if p == "" {
		t.Fatal("no network namespace to be had")
	}
	return p
}

func TestNetworkNamespace(t *testing.T) {
	s := StartShim(t)
	for _, ns := range []string{"", newNetNS(t)} {
		k := s.NewTask(t, Job{Args: []string{"/bin/sh", "-c", "cat /proc/net/dev; sleep 1000"}, NetNS: ns})
		k.Create(t)
		k.Start(t)
		<-k.Stdout.First
		if ns != "" {
			want, err := os.Readlink(ns)
			must(t, err)
			if got := link(int(s.state(t, k).Pid), "net"); got != want {
				t.Errorf("the sentry is in %s, not in %s", got, want)
			}
		}
		s.killIfRunning(k)
		k.Wait(t)
		// In a namespace the job has the links that are up there, and in this
		// one not even the loopback is.
		if has := strings.Contains(k.Stdout.String(), "lo:"); has != (ns == "") {
			t.Errorf("namespace %q: %q", ns, k.Stdout.String())
		}
		k.Delete(t)
	}
}

// A sandbox must not change the shim's own namespace, which it joins for a
// moment: the next sandbox would start from there.
func TestShimStaysInItsNamespace(t *testing.T) {
	s := StartShim(t)
	before := link(s.PID(), "net")
	for range 3 {
		s.Run(t, Job{Args: []string{"/bin/true"}, NetNS: newNetNS(t)})
	}
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", s.PID()))
	must(t, err)
	for _, task := range tasks {
		ns, err := os.Readlink(fmt.Sprintf("/proc/%d/task/%s/ns/net", s.PID(), task.Name()))
		if err == nil && ns != before {
			t.Errorf("thread %s is in %s", task.Name(), ns)
		}
	}
}
