package shimtest

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// leaver is a job that leaves something and then does more.
func leaver(script string) Job {
	return Job{Args: []string{"/bin/sh", "-c", "cd /out; mkdir d; echo one >a; echo two >d/b; ln -s a l; chmod 4751 d/b; " + script},
		UID: 4321, ScratchSize: 32 << 20, Memory: 300 << 20, Tasks: 50}
}

// wantLeft is what that is.
func wantLeft(t *testing.T, l Left) {
	t.Helper()
	if got := fmt.Sprint(l.Order, l.Files, l.LeftOut); got != "[a d/ d/b] map[a:one\n d/b:two\n] 1" || l.Modes["d/b"] != 0o751 || l.Modes["d/"] != 0o755 {
		t.Errorf("left %s, modes %v", got, l.Modes)
	}
}

// TestCollect: what a job leaves is handed over until the task is deleted, again
// and again the same. Nobody waits longer for the job's end than before.
func TestCollect(t *testing.T) {
	s := StartShim(t)
	for _, ahead := range []bool{false, true} {
		j := leaver("stat -c '%a %u:%g' /out; exit 3")
		j.Parked = ahead
		k := s.NewTask(t, j)
		k.Create(t)
		k.Start(t)
		if code := k.Wait(t); code != 3 {
			t.Errorf("status %d", code)
		}
		if out := k.Stdout.String(); out != "755 4321:4321\n" { // and its end is seen
			t.Errorf("output %q", out)
		}
		if r := k.Report(t); r["left"] != "kept" || r["killed"] != nil || r["scratchBytes"] == nil || r["memoryPeakBytes"] == nil {
			t.Errorf("report %v", r)
		}
		for range 3 {
			wantLeft(t, k.Left(t))
		}
		if code := k.Delete(t); code != 3 {
			t.Errorf("at Delete: status %d", code)
		}
		if _, err := k.Collect(t.Context()); status.Code(err) != codes.NotFound {
			t.Errorf("after Delete: %v", err)
		}
	}
}

// TestCollectNothing: a sandbox whose job has left nothing ends with it.
func TestCollectNothing(t *testing.T) {
	s := StartShim(t)
	for _, script := range []string{"exit 0", "echo x >/out/x; rm /out/x", "rmdir /out"} {
		k := s.NewTask(t, Job{Args: []string{"/bin/sh", "-c", script}, ScratchSize: 32 << 20})
		k.Create(t)
		k.Start(t)
		if code := k.Wait(t); code != 0 {
			t.Errorf("%s: status %d, %s", script, code, k.Stderr.String())
		}
		if r := k.Report(t); r["left"] != "nothing" {
			t.Errorf("%s: report %v", script, r)
		}
		if procs := s.procsOf(k); len(procs) > 0 {
			t.Errorf("%s: processes %v", script, procs)
		}
		_, err := k.Collect(t.Context())
		if status.Code(err) != codes.NotFound {
			t.Errorf("%s: %v", script, err)
		}
		k.Delete(t)
	}
	// The control: one that has left something lives on.
	k := s.NewTask(t, leaver(""))
	k.Create(t)
	k.Start(t)
	k.Wait(t)
	if len(s.procsOf(k)) == 0 {
		t.Error("no processes are seen where there are some")
	}
	k.Delete(t)
}

// procsOf are the processes in a task's control group.
func (s *Shim) procsOf(k *Task) (pids []string) {
	found, _ := filepath.Glob("/sys/fs/cgroup/*" + s.CgroupPath(k.ID) + "/cgroup.procs")
	for _, file := range append(found, "/sys/fs/cgroup"+s.CgroupPath(k.ID)+"/cgroup.procs") {
		b, _ := os.ReadFile(file)
		pids = append(pids, strings.Fields(string(b))...)
	}
	return pids
}

// TestCollectKilled: a job that is killed, or whose disk is full, has left what
// it had made; one that is ended for another limit, or with its sandbox, nothing
// that could be handed over.
func TestCollectKilled(t *testing.T) {
	s := StartShim(t)
	run := func(script string, change func(*Job)) *Task {
		j := leaver("echo ready; " + script)
		if change != nil {
			change(&j)
		}
		k := s.NewTask(t, j)
		k.Create(t)
		k.Start(t)
		<-k.Stdout.First
		return k
	}
	for _, script := range []string{"trap '' TERM INT; while :; do sleep 1; done", "exec sleep 600",
		"for i in 1 2 3 4 5 6 7 8; do setsid sleep 600 & done; wait", "dd if=/dev/zero of=/var/full bs=1M; sleep 600"} {
		k := run(script, func(j *Job) { j.UID = 0 })
		if !strings.Contains(script, "full") {
			k.Kill(t, syscall.SIGKILL)
		}
		if code := k.Wait(t); code != 137 {
			t.Errorf("%s: status %d", script, code)
		}
		if r := k.Report(t); r["killed"] != true {
			t.Errorf("%s: %v", script, r)
		}
		wantLeft(t, k.Left(t))
		k.Delete(t)
	}
	for name, c := range map[string]struct {
		script string
		kill   func(*Task)
	}{
		"memory":  {"tail -n 1 /dev/zero", nil},
		"tasks":   {"while :; do sleep 600 & done", nil},
		"outside": {"sleep 600", func(k *Task) { s.killAll(k) }},
	} {
		k := run(c.script, nil)
		if c.kill != nil {
			c.kill(k)
		}
		k.Wait(t)
		if r := k.Report(t); r["left"] != nil {
			t.Errorf("%s: report %v", name, r)
		}
		if _, err := k.Collect(t.Context()); status.Code(err) != codes.DataLoss {
			t.Errorf("%s: %v", name, err)
		}
		k.Delete(t)
	}
	// Afterwards is as well from outside.
	k := run("exit 0", nil)
	k.Wait(t)
	s.killAll(k)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := k.Collect(t.Context()); status.Code(err) == codes.DataLoss {
			break
		} else if time.Now().After(end) {
			t.Fatalf("of a sandbox that was killed: %v", err)
		}
	}
	if code := k.Delete(t); code != 0 {
		t.Errorf("status %d, which was 0", code)
	}
}

// killAll kills the processes of a task from outside.
func (s *Shim) killAll(k *Task) {
	for _, pid := range s.procsOf(k) {
		var n int
		if _, err := fmt.Sscan(pid, &n); err == nil && n > 1 {
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	}
}

// TestCollectRefused: nothing is handed over before the end, or to nobody.
func TestCollectRefused(t *testing.T) {
	s := StartShim(t)
	k := s.NewTask(t, leaver("echo ready; sleep 600"))
	k.Create(t)
	refused := func(when string, want codes.Code) {
		t.Helper()
		if _, err := k.Collect(t.Context()); status.Code(err) != want {
			t.Errorf("%s: %v, want %s", when, err, want)
		}
	}
	refused("before it was started", codes.FailedPrecondition)
	k.Start(t)
	<-k.Stdout.First
	refused("while it runs", codes.FailedPrecondition)
	k.Kill(t, syscall.SIGKILL)
	k.Wait(t)
	file := filepath.Join(k.Bundle, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	unread := filepath.Join(k.Bundle, "unread")
	must(t, syscall.Mkfifo(unread, 0o600))
	link := filepath.Join(k.Bundle, "link")
	must(t, os.Symlink("unread", link))
	for _, path := range []string{"", file, unread, link, filepath.Join(k.Bundle, "none"), "/dev/null"} {
		if err := k.collectTo(t.Context(), path); status.Code(err) != codes.InvalidArgument {
			t.Errorf("into %q: %v", path, err)
		}
	}
	wantLeft(t, k.Left(t))
	k.Delete(t)
}

// TestCollectGivenUp: who reads may go away, wait for long, or see the sandbox
// end under it.
func TestCollectGivenUp(t *testing.T) {
	s := StartShim(t)
	k := s.NewTask(t, leaver("dd if=/dev/null of=big bs=1M seek=100000; echo done"))
	k.Create(t)
	k.Start(t)
	k.Wait(t)
	var waiting []*os.File
	for n := range 8 {
		pipe, err := k.Collect(t.Context())
		must(t, err)
		if n%2 == 0 {
			waiting = append(waiting, pipe)
			continue
		}
		_, err = io.ReadFull(pipe, make([]byte, 1000*n))
		must(t, err)
		pipe.Close()
	}
	if _, err := s.State(context.Background(), &api.StateRequest{ID: k.ID}); err != nil {
		t.Error(err)
	}
	for _, pipe := range waiting[1:] {
		pipe.Close()
	}
	s.killAll(k)
	if _, err := readLeft(waiting[0]); err == nil || !strings.Contains(err.Error(), "EOF") {
		t.Errorf("of a sandbox that was killed: %v", err)
	}
	waiting[0].Close()
	k.Delete(t)
}

// TestCollectRestored: what a program leaves that came with a snapshot, besides
// what had been left before that was taken.
func TestCollectRestored(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	j := holder(4)
	h := s.Hold(t, j)
	h.Line(t)
	if said := h.Ask(t, "leave before 1"); said != "left <nil>" {
		t.Fatal(said)
	}
	dir := s.SnapshotDir(t)
	must(t, h.Save(dir, true))
	h.Wait(t)
	h.Delete(t)
	for n := range 2 {
		k := s.restored(t, dir, h.Task, j)
		k.Start(t)
		if said := k.Ask(t, "leave after 2"); said != "left <nil>" {
			t.Fatal(said)
		}
		k.Stdin.Close()
		s.closeInput(t, k.Task)
		if code := k.Wait(t); code != 7 {
			t.Errorf("status %d", code)
		}
		l := k.Left(t)
		if got := fmt.Sprint(l.Order, l.Files, l.LeftOut); got != "[after before] map[after:2 before:1] 0" || l.Modes["after"] != 0o640 {
			t.Errorf("%d: %s, modes %v", n, got, l.Modes)
		}
		k.Delete(t)
	}
}

// TestCollectRestoredWithout: a program that was saved without the folder has it
// when it goes on.
func TestCollectRestoredWithout(t *testing.T) {
	s := StartShim(t)
	j := Job{Args: []string{"/bin/sh", "-c", "rmdir /out; echo ready; read x; echo 1 >/out/x; exit 7"}, ScratchSize: 16 << 20, Stdin: true}
	dir, from, _ := s.saved(t, j)
	k := s.restored(t, dir, from, j)
	k.Start(t)
	k.Tell(t, "x")
	if code := k.Wait(t); code != 7 {
		t.Errorf("status %d", code)
	}
	if l := k.Left(t); fmt.Sprint(l.Files) != "map[x:1\n]" {
		t.Errorf("%+v", l)
	}
	k.Delete(t)
}

// TestCollectManyFiles is not quadratic, and takes a bounded time.
func TestCollectManyFiles(t *testing.T) {
	s := StartShim(t)
	k := s.NewTask(t, Job{Args: []string{"/bin/sh", "-c", "cd /out; i=0; while [ $i -lt 20000 ]; do echo $i >f$i; i=$((i+1)); done"},
		ScratchSize: 256 << 20, Inodes: 30_000, Memory: 300 << 20})
	k.Create(t)
	k.Start(t)
	if code := k.Wait(t); code != 0 {
		t.Fatalf("status %d, %s", code, k.Stderr.String())
	}
	began := time.Now()
	l := k.Left(t)
	t.Logf("%d files in %v", len(l.Files), time.Since(began))
	if len(l.Files) != 20_000 || l.Files["f19999"] != "19999\n" || l.LeftOut != 0 {
		t.Errorf("%d files, %d left out", len(l.Files), l.LeftOut)
	}
	k.Delete(t)
}

// TestCollectInterpreter: what a script leaves whose interpreter was there first.
// Its threads end one by one, and its children may be the last.
func TestCollectInterpreter(t *testing.T) {
	s := StartShim(t)
	exe := s.addPython(t)
	const script = `
import os, threading, time
st = os.stat("/out"); print(oct(st.st_mode), st.st_uid, os.listdir("/out"), flush=True)
threads = [threading.Thread(target=time.sleep, args=(0.1,)) for _ in range(5)] + [threading.Thread(target=time.sleep, args=(60,), daemon=True)]
for t in threads: t.start()
if os.fork() == 0: time.sleep(60)
os.makedirs("/out/a/b")
open("/out/a/b/c", "w").write("1")
os.link("/out/a/b/c", "/out/d")
os.mkfifo("/out/e")
import socket; socket.socket(socket.AF_UNIX).bind("/out/f")
os._exit(3)
`
	k := s.NewTask(t, Job{Args: []string{exe, "-c", script}, UID: 4321, ScratchSize: 64 << 20})
	s.parkInterpreter(t, k, exe)
	must(t, k.Take())
	k.Start(t)
	if said := k.converse().Line(t); said != "0o40755 4321 []" {
		t.Errorf("%q", said)
	}
	if code := k.Wait(t); code != 3 {
		t.Errorf("status %d", code)
	}
	l := k.Left(t)
	if got := fmt.Sprint(l.Order, l.Files, l.LeftOut); got != "[a/ a/b/ a/b/c d] map[a/b/c:1 d:1] 2" {
		t.Error(got)
	}
	k.Delete(t)
}
