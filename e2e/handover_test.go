package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"glovebox/e2e/box"
)

// handing are the arguments of a service that hands its jobs over at once.
var handing = []string{"--grace", "200ms", "--at-stop=hand-over"}

// Parts of the command lines of processes.
const (
	shimWord = "containerd-shim-glovebox-v1 serve"
)

// sandboxes are the pids of gVisor's processes.
func sandboxes(b *box.Box) []int { return b.Children("--bundle=") }

// begin starts a job and returns when it has written "begun".
func begin(t *testing.T, b *box.Box, args ...string) string {
	t.Helper()
	id := strings.TrimSpace(b.Must(append([]string{"run", "--detach"}, args...)...))
	waitFor(t, 20*time.Second, func() bool { return strings.Contains(b.Must("logs", id), "begun\n") })
	return id
}

// leave stops the service and makes sure that it is gone but for one shim and
// sandboxes that jobs account for.
func leave(t *testing.T, b *box.Box) {
	t.Helper()
	before := len(b.Log.String())
	if code := b.Stop(); code != 0 {
		t.Fatalf("stopped with %d", code)
	}
	if log := b.Log.String()[before:]; !strings.Contains(log, "running jobs go on") || strings.Contains(log, "level=ERROR") {
		t.Errorf("the stop said:\n%s", log)
	}
	for _, word := range []string{"glovebox up", "glovebox control", "glovebox agent", "containerd --config"} {
		if pids := b.Children(word); len(pids) > 0 {
			t.Errorf("%s still runs: %v", word, pids)
		}
	}
	if pids := b.Children(shimWord); len(pids) != 1 {
		t.Errorf("shims %v", pids)
	}
	b.NoResidue()
}

// handed is a job as `show` has it.
type handed struct {
	killedJob
	Attempt int
}

// ended waits for the job's end and checks that it was started once, in its
// first attempt.
func ended(t *testing.T, b *box.Box, id string) handed {
	t.Helper()
	j, n := attemptOne(t, b, id), 0
	for sandbox, times := range starts(b) {
		if strings.HasPrefix(sandbox, id) {
			n += times
		}
	}
	if n != 1 {
		t.Errorf("job %s was started %d times", id, n)
	}
	return j
}

// counting is a script that counts to n, ten a second, and exits with 7.
func counting(n int) string {
	return fmt.Sprintf("echo begun; i=0; while [ $i -lt %d ]; do echo $i; i=$((i+1)); sleep 0.1; done; exit 7", n)
}

func counted(n int) string {
	var s strings.Builder
	s.WriteString("begun\n")
	for i := range n {
		fmt.Fprintln(&s, i)
	}
	return s.String()
}

// TestHandOver: a job runs through two stops and starts and notices nothing.
func TestHandOver(t *testing.T) {
	b := up(t, handing...)
	const n = 120
	id := begin(t, b, "busybox:test", "--", "sh", "-c", counting(n))
	for range 2 {
		leave(t, b)
		if len(sandboxes(b)) == 0 {
			t.Fatal("the sandbox has gone")
		}
		time.Sleep(time.Second)
		b.Start(handing...)
		b.NoResidue()
	}
	if r := b.Run("logs", "-f", id); r.Stdout != counted(n) {
		t.Errorf("output %q", r.Stdout)
	}
	if j := ended(t, b, id); j.Outcome != "COMPLETED" || j.Result == nil || j.Result.ExitCode != 7 {
		t.Errorf("%+v", j)
	}
	if out := b.Must("run", "busybox:test", "--", "echo", "next"); out != "next\n" {
		t.Errorf("the next job wrote %q", out)
	}
	b.NoResidue()
}

// TestHandOverEnds: what happens to a job while nobody is there is told by the
// next start.
func TestHandOverEnds(t *testing.T) {
	for name, c := range map[string]awayEnd{
		"by itself":        {nil, "sleep 4; echo done; echo oops >&2; exit 3", "COMPLETED", 3, "begun\ndone\noops\n", true},
		"full pipe":        {nil, "sleep 3; head -c 3000000 /dev/zero | tr '\\0' x; exit 4", "COMPLETED", 4, "begun\n" + strings.Repeat("x", 3000000), false},
		"timeout":          {[]string{"--timeout", "4s"}, "sleep 600", "FAILED timeout", 0, "begun\n", true},
		"stubborn timeout": {[]string{"--timeout", "4s"}, "trap '' TERM; sleep 600; sleep 600", "FAILED timeout", 0, "begun\n", true},
		"memory":           {[]string{"--memory", "64MiB"}, "sleep 4; tail -n 1 /dev/zero", "FAILED out_of_memory", 0, "begun\n", true},
		"pids":             {[]string{"--pids", "20"}, "sleep 4; i=0; while [ $i -lt 50 ]; do sleep 60 & i=$((i+1)); done; wait", "FAILED pids_limit", 0, "", true},
		"disk":             {[]string{"--disk", "8MiB"}, "sleep 4; head -c 20000000 /dev/zero > /tmp/x; sleep 600", "FAILED disk_limit", 0, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			b := up(t, handing...)
			id := begin(t, b, append(c.flags, "busybox:test", "--", "sh", "-c", "echo begun; "+c.script)...)
			c.holds(t, b, id, func() bool { return len(sandboxes(b)) == 0 }, ended)
		})
	}
}

// TestHandOverStdin: input that is being streamed goes on, byte for byte.
func TestHandOverStdin(t *testing.T) { streamsOn(t, up(t, handing...)) }

// TestHandOverBroken: what was handed over and cannot be taken over is lost, and
// nothing of it is left.
func TestHandOverBroken(t *testing.T) {
	for name, harm := range map[string]func(b *box.Box, shim int){
		"shim killed":       func(_ *box.Box, shim int) { _ = syscall.Kill(shim, syscall.SIGKILL) },
		"shim told to stop": func(_ *box.Box, shim int) { _ = syscall.Kill(shim, syscall.SIGTERM) },
		"shim hangs":        func(_ *box.Box, shim int) { _ = syscall.Kill(shim, syscall.SIGSTOP) },
		"everything killed after it was taken over": func(b *box.Box, _ int) {
			b.Start(handing...)
			b.KillUp()
			for _, v := range victims[:3] { // the shim's end is up to itself
				for _, pid := range b.Children(v) {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			waitFor(b.T.(*testing.T), 5*time.Second, func() bool { return len(b.Children(shimWord)) == 0 })
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := up(t, handing...)
			id := begin(t, b, "busybox:test", "--", "sh", "-c", "echo begun; sleep 600")
			leave(t, b)
			harm(b, b.Children(shimWord)[0])
			if name != "shim hangs" {
				waitFor(t, 5*time.Second, func() bool { return len(sandboxes(b)) == 0 })
			}
			// Without a pool, so that every process is one that was left.
			b.Start(append([]string{"--pool-max", "0"}, handing...)...)
			if j := ended(t, b, id); j.end() != "FAILED node_lost" {
				t.Errorf("%+v", j)
			}
			if len(sandboxes(b)) > 0 {
				t.Errorf("processes are left: %v", sandboxes(b))
			}
			cleanWithin(t, b, 10*time.Second)
		})
	}
}

// TestHandOverUnaccounted: a sandbox that was handed over and that no job
// accounts for is residue.
func TestHandOverUnaccounted(t *testing.T) {
	b := up(t, handing...)
	id := begin(t, b, "busybox:test", "--", "sh", "-c", "echo begun; sleep 600")
	leave(t, b)
	store, aside := filepath.Join(b.Data, "control"), filepath.Join(b.Data, "control.aside")
	if err := os.Rename(store, aside); err != nil {
		t.Fatal(err)
	}
	r := b.Run("doctor", "--residue")
	if r.Code != 97 || !strings.Contains(r.Stdout, id) || !strings.Contains(r.Stdout, "process") {
		t.Errorf("exit %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	if err := os.Rename(aside, store); err != nil {
		t.Fatal(err)
	}
	b.NoResidue()
	b.Start(handing...)
	b.Must("cancel", id)
	if j := ended(t, b, id); j.Outcome != "CANCELLED" {
		t.Errorf("%+v", j)
	}
	cleanWithin(t, b, 10*time.Second)
}
