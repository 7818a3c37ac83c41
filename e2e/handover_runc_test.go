package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"glovebox/e2e/box"
)

// stockShim is part of the command lines of the shims of runc's sandboxes, each
// of which has its own.
const stockShim = "containerd-shim-runc-v2 -namespace"

// upRunc starts a box whose node has runc.
func upRunc(t *testing.T, args ...string) *box.Box {
	t.Helper()
	if _, err := exec.LookPath("runc"); err != nil {
		t.Skip("skipped: runc is not installed")
	}
	return up(t, args...)
}

// beginRunc starts a job under runc, as begin does.
func beginRunc(t *testing.T, b *box.Box, script string, flags ...string) string {
	t.Helper()
	return begin(t, b, append(append([]string{"--runtime", "runc"}, flags...), "busybox:test", "--", "sh", "-c", script)...)
}

// inside counts the processes in the control groups of a job's sandboxes.
func inside(job string) int {
	n := 0
	for _, pattern := range []string{"/sys/fs/cgroup/glovebox/*/", "/sys/fs/cgroup/pids/glovebox/*/"} {
		files, _ := filepath.Glob(pattern + job + "*/cgroup.procs") // the pattern is sound
		for _, file := range files {
			pids, _ := os.ReadFile(file)
			n += len(bytes.Fields(pids))
		}
	}
	return n
}

// TestHandOverRunc: a job under runc runs through two stops and starts, beside
// one of gVisor, and notices nothing.
func TestHandOverRunc(t *testing.T) {
	b := upRunc(t, handing...)
	const n = 150
	id := beginRunc(t, b, counting(n))
	other := begin(t, b, "busybox:test", "--", "sh", "-c", counting(n))
	shims := b.Children(stockShim)
	for range 2 {
		leave(t, b)
		if inside(id) == 0 {
			t.Fatal("the sandbox has gone")
		}
		time.Sleep(time.Second)
		b.Start(handing...)
		b.NoResidue()
	}
	if now := b.Children(stockShim); len(shims) != 1 || len(now) != 1 || now[0] != shims[0] {
		t.Errorf("stock shims %v, at first %v", now, shims)
	}
	for _, job := range []string{id, other} {
		if r := b.Run("logs", "-f", job); r.Stdout != counted(n) {
			t.Errorf("output %q", r.Stdout)
		}
		if j := attemptOne(t, b, job); j.Outcome != "COMPLETED" || j.Result == nil || j.Result.ExitCode != 7 {
			t.Errorf("%+v", j)
		}
	}
	if out := b.Must("run", "--runtime", "runc", "busybox:test", "--", "echo", "next"); out != "next\n" {
		t.Errorf("the next job wrote %q", out)
	}
	cleanWithin(t, b, 10*time.Second)
}

// TestHandOverRuncEnds: what happens to a job under runc while nobody is there
// is told by the next start, and its time-out is kept.
func TestHandOverRuncEnds(t *testing.T) {
	const big = 1 << 20 // what a pipe of ours holds
	for name, c := range map[string]awayEnd{
		"by itself":        {nil, "sleep 4; echo done; echo oops >&2; exit 3", "COMPLETED", 3, "begun\ndone\noops\n", true},
		"full pipe":        {nil, "sleep 3; head -c 3000000 /dev/zero | tr '\\0' x; exit 4", "COMPLETED", 4, "begun\n" + strings.Repeat("x", 3000000), false},
		"more than a pipe": {nil, "sleep 3; head -c 1100000 /dev/zero | tr '\\0' x; exit 5", "COMPLETED", 5, "begun\n" + strings.Repeat("x", big+51424), true},
		"timeout":          {[]string{"--timeout", "4s"}, "sleep 600", "FAILED timeout", 0, "begun\n", true},
		"polite timeout":   {[]string{"--timeout", "4s"}, "trap 'echo bye; exit 9' TERM; while :; do sleep 0.1; done", "FAILED timeout", 0, "begun\nbye\n", true},
		"stubborn timeout": {[]string{"--timeout", "4s"}, "trap '' TERM; sleep 600; sleep 600", "FAILED timeout", 0, "begun\n", true},
		"memory":           {[]string{"--memory", "64MiB"}, "sleep 4; tail -n 1 /dev/zero", "FAILED out_of_memory", 0, "begun\n", true},
		"pids":             {[]string{"--pids", "20"}, "sleep 4; i=0; while [ $i -lt 50 ]; do sleep 60 & i=$((i+1)); done; wait", "FAILED pids_limit", 0, "", false},
		"disk":             {[]string{"--disk", "8MiB"}, "sleep 4; head -c 20000000 /dev/zero > /tmp/x; sleep 600", "FAILED disk_limit", 0, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := upRunc(t, handing...)
			id := beginRunc(t, b, "echo begun; "+c.script, c.flags...)
			c.holds(t, b, id, func() bool { return inside(id) == 0 }, attemptOne)
		})
	}
}

// TestHandOverRuncStdin: input that is being streamed goes on, byte for byte.
func TestHandOverRuncStdin(t *testing.T) { streamsOn(t, upRunc(t, handing...), "--runtime", "runc") }

// TestHandOverRuncNot: a stop that is told to leaves no job under runc behind,
// also none that a start before has.
func TestHandOverRuncNot(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		stop func(b *box.Box)
	}{
		"ends them":       {[]string{"--grace", "200ms", "--at-stop=end"}, func(b *box.Box) { b.Stop() }},
		"a second signal": {[]string{"--grace", "10m", "--at-stop=hand-over"}, func(b *box.Box) { b.Signal(syscall.SIGTERM); time.Sleep(time.Second); b.Stop() }},
	} {
		t.Run(name, func(t *testing.T) {
			b := upRunc(t, handing...)
			old := beginRunc(t, b, "echo begun; sleep 600")
			leave(t, b)
			// Without a pool, which a second signal leaves to the next start.
			b.Start(append([]string{"--pool-max", "0"}, c.args...)...)
			young := beginRunc(t, b, "echo begun; sleep 600")
			c.stop(b)
			b.Gone()
			b.NoResidue()
			b.Start()
			for _, id := range []string{old, young} {
				if j := attemptOne(t, b, id); j.end() != "FAILED node_lost" {
					t.Errorf("%+v", j)
				}
			}
			cleanWithin(t, b, 10*time.Second)
		})
	}
}

// TestHandOverRuncBroken: when who looks after it is killed, a job under runc
// that still runs at the next start is gone on with, and of one that has ended
// meanwhile nobody knows how. Nothing is left of either.
func TestHandOverRuncBroken(t *testing.T) {
	b := upRunc(t, handing...)
	runs := beginRunc(t, b, counting(150))
	ends := beginRunc(t, b, "echo begun; sleep 3; echo unheard")
	late := beginRunc(t, b, "echo begun; sleep 600", "--timeout", "3s")
	leave(t, b)
	_ = syscall.Kill(b.Children(shimWord)[0], syscall.SIGKILL)
	waitFor(t, 10*time.Second, func() bool { return inside(ends) == 0 })
	if inside(late) == 0 {
		t.Error("a time-out was kept by nobody: the kill proves nothing")
	}
	b.Start(handing...)
	if j := attemptOne(t, b, runs); j.Outcome != "COMPLETED" || j.Result == nil || j.Result.ExitCode != 7 || b.Must("logs", runs) != counted(150) {
		t.Errorf("%+v", j)
	}
	if j := attemptOne(t, b, ends); j.end() != "FAILED node_lost" {
		t.Errorf("%+v", j)
	}
	if j := attemptOne(t, b, late); j.end() != "FAILED timeout" {
		t.Errorf("%+v", j)
	}
	if shims := b.Children(stockShim); len(shims) > 0 {
		t.Errorf("stock shims are left: %v", shims)
	}
	cleanWithin(t, b, 10*time.Second)
}

// TestHandOverRuncToldToStop: who looks after jobs that were handed over ends those
// under runc too when it is told to stop.
func TestHandOverRuncToldToStop(t *testing.T) {
	b := upRunc(t, handing...)
	id := beginRunc(t, b, "echo begun; sleep 600")
	leave(t, b)
	_ = syscall.Kill(b.Children(shimWord)[0], syscall.SIGTERM)
	waitFor(t, 10*time.Second, func() bool { return inside(id) == 0 && len(b.Children(shimWord)) == 0 })
	b.NoResidue()
	b.Start(handing...)
	if j := attemptOne(t, b, id); j.end() != "FAILED node_lost" {
		t.Errorf("%+v", j)
	}
	if shims := b.Children(stockShim); len(shims) > 0 {
		t.Errorf("stock shims are left: %v", shims)
	}
	cleanWithin(t, b, 10*time.Second)
}

// TestHandOverRuncKilled: after it was taken over a job under runc is no harder to
// get rid of than before.
func TestHandOverRuncKilled(t *testing.T) {
	b := upRunc(t, handing...)
	id := beginRunc(t, b, "echo begun; sleep 600")
	leave(t, b)
	b.Start(handing...)
	b.KillUp()
	for _, v := range victims[:3] { // the shim's end is up to itself
		for _, pid := range b.Children(v) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	waitFor(t, 5*time.Second, func() bool { return len(b.Children(shimWord)) == 0 })
	b.Start(handing...)
	b.Must("cancel", id)
	if j := attemptOne(t, b, id); j.Outcome != "CANCELLED" && j.end() != "FAILED node_lost" {
		t.Errorf("%+v", j)
	}
	if n, shims := inside(id), b.Children(stockShim); n > 0 || len(shims) > 0 {
		t.Errorf("%d processes are left, stock shims %v", n, shims)
	}
	cleanWithin(t, b, 10*time.Second)
}

// TestHandOverRuncUnaccounted: a sandbox of runc that was handed over and that no
// job accounts for is residue.
func TestHandOverRuncUnaccounted(t *testing.T) {
	b := upRunc(t, handing...)
	id := beginRunc(t, b, "echo begun; sleep 600")
	leave(t, b)
	store, aside := filepath.Join(b.Data, "control"), filepath.Join(b.Data, "control.aside")
	if err := os.Rename(store, aside); err != nil {
		t.Fatal(err)
	}
	r := b.Run("doctor", "--residue")
	if r.Code != 97 || !strings.Contains(r.Stdout, id) || !strings.Contains(r.Stdout, "containerd-shim-runc-v2") {
		t.Errorf("exit %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	if err := os.Rename(aside, store); err != nil {
		t.Fatal(err)
	}
	b.NoResidue()
	b.Start(handing...)
	b.Must("cancel", id)
	if j := attemptOne(t, b, id); j.Outcome != "CANCELLED" {
		t.Errorf("%+v", j)
	}
	cleanWithin(t, b, 10*time.Second)
}
