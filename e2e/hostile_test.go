package e2e

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/e2e/box"
)

// attack is a job that tries to take more than it was given.
type attack struct {
	name   string
	args   []string // of `glovebox run`
	script string   // for sh in busybox
	reason string   // the job must end as FAILED with it; "" if it just ends
	// control shows that the attack works where nothing holds it back: it must
	// reach what it reaches for, on a scale that harms nobody.
	control func(t *testing.T)
}

// attacks are the resource families of the threat model (GB-RES-*).
var attacks = []attack{
	{
		name: "fork bomb", script: `bomb() { bomb | bomb & }; bomb; wait; sleep 60`, args: []string{"--pids", "64"},
		reason: "pids_limit", control: forksFreely,
	},
	{
		name: "memory bomb", script: `x=0123456789abcdef; while :; do x=$x$x; done`, args: []string{"--memory", "96m"},
		reason: "out_of_memory", control: growsFreely,
	},
	{
		name: "memory bomb in a tmpfs", script: `dd if=/dev/zero of=/dev/shm/x bs=1M; cat /dev/zero | tail -c 1000000000`, args: []string{"--memory", "96m"},
		reason: "out_of_memory", control: growsFreely,
	},
	{
		name: "disk filler", script: `dd if=/dev/zero of=/tmp/fill bs=1M; sleep 60`, args: []string{"--disk", "32m"},
		reason: "disk_limit", control: fillsFreely,
	},
	{
		name: "inode filler", script: `i=0; while :; do i=$((i+1)); : > /tmp/f$i || break; done; sleep 60`, args: []string{"--inodes", "500"},
		reason: "disk_limit", control: fillsFreely,
	},
	{
		name: "output flood", script: `yes`, args: []string{"--output-limit", "8m"},
		reason: "output_limit", control: floodsFreely,
	},
	{
		name: "one endless line", script: `tr '\0' x < /dev/zero`, args: []string{"--output-limit", "8m"},
		reason: "output_limit", control: floodsFreely,
	},
	{
		name: "refuses to die", script: `trap "" TERM INT HUP; (trap "" TERM; setsid sh -c 'trap "" TERM; while :; do sleep 1; done' &) ; while :; do sleep 1; done`,
		args: []string{"--timeout", "1s"}, reason: "timeout", control: ignoresTerm,
	},
}

// TestHostile runs every attack beside a neighbour that must not notice, from a
// sandbox made for it and from one that was parked before: nothing is different.
func TestHostile(t *testing.T) {
	for from, args := range map[string][]string{"cold": {"--pool-max", "0"}, glovebox.PoolGeneric: nil} {
		t.Run(from, func(t *testing.T) {
			b := up(t, args...)
			for _, a := range attacks {
				t.Run(a.name, func(t *testing.T) { a.run(t, b, from) })
			}
		})
	}
}

func (a attack) run(t *testing.T, b *box.Box, from string) {
	a.control(t)
	if from != "cold" { // two are taken at once, and what the node told may be out of date by one
		waitFor(t, 30*time.Second, func() bool { return pools(t, b)[from].parked() >= 3 })
	}
	neighbour := startNeighbour(t, b)
	began := time.Now()
	r := b.Run(append(append([]string{"run", "--label", "attack=" + label(a.name)}, a.args...), "busybox:test", "--", "sh", "-c", a.script)...)
	if got := reasonOf(t, b, a.name); got != a.reason {
		t.Errorf("ended as %q, want %q (exit %d, %s)\n%.400s", got, a.reason, r.Code, time.Since(began), r.Stderr)
	}
	if got := started(t, b, "attack="+label(a.name)); got != from {
		t.Errorf("started from %s, want %s", got, from)
	}
	if took := time.Since(began); took > 60*time.Second {
		t.Errorf("took %s", took)
	}
	neighbour(t)
	b.NoResidue()
}

// TestStdinFilled: a job that never reads its input, which is larger than any
// pipe, sleeps and ends as if it had none.
func TestStdinFilled(t *testing.T) {
	b := up(t)
	neighbour := startNeighbour(t, b)
	r := b.RunIn(strings.NewReader(strings.Repeat("x", 8<<20)), "run", "busybox:test", "--", "sh", "-c", "sleep 2; echo slept")
	if r.Stdout != "slept\n" || r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	neighbour(t)
	b.NoResidue()
}

// startNeighbour starts a job that counts, and returns a check that it counted
// on without a pause that a person would notice.
func startNeighbour(t *testing.T, b *box.Box) func(*testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := b.Command(ctx, "run", "busybox:test", "--", "sh", "-c", "i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done")
	out := &box.Buffer{}
	cmd.Stdout = out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := func() int { return strings.Count(out.String(), "\n") }
	waitFor(t, 20*time.Second, func() bool { return lines() > 2 })
	return func(t *testing.T) {
		t.Helper()
		before := lines()
		waitFor(t, 10*time.Second, func() bool { return lines() > before+2 })
		cancel()
		_ = cmd.Wait()
	}
}

func waitFor(t *testing.T, d time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(d); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("did not come about within %s", d)
		}
	}
}

func label(name string) string { return strings.ReplaceAll(name, " ", "-") }

// reasonOf returns why the job of an attack failed.
func reasonOf(t *testing.T, b *box.Box, name string) string {
	t.Helper()
	var jobs []struct{ Outcome, Reason string }
	out := b.Must("jobs", "--json", "--label", "attack="+label(name))
	if err := json.Unmarshal([]byte(out), &jobs); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(jobs) != 1 {
		t.Fatalf("%d jobs of %q\n%s", len(jobs), name, out)
	}
	return jobs[0].Reason
}

// The controls. Each runs the same idea on the host, small and bounded, and
// fails if the idea does not work there: then a job that is stopped proves
// something.

func host(t *testing.T, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/bin/busybox", "sh", "-c", script).Output()
	if err != nil {
		t.Fatalf("control: %v", err)
	}
	return strings.TrimSpace(string(out))
}

func forksFreely(t *testing.T) {
	if n := host(t, `for i in $(seq 100); do sleep 0.5 & done; jobs | wc -l; wait`); n != "100" {
		t.Fatalf("control: %s of 100 processes", n)
	}
}

func growsFreely(t *testing.T) {
	if n := host(t, `x=0123456789abcdef; for i in $(seq 20); do x=$x$x; done; echo ${#x}`); n != "16777216" {
		t.Fatalf("control: %s", n)
	}
}

func fillsFreely(t *testing.T) {
	dir := t.TempDir()
	if n := host(t, `dd if=/dev/zero of=`+dir+`/fill bs=1M count=40 2>/dev/null; for i in $(seq 600); do : > `+dir+`/f$i; done; ls `+dir+` | wc -l`); n != "601" {
		t.Fatalf("control: %s files", n)
	}
	if info, err := os.Stat(filepath.Join(dir, "fill")); err != nil || info.Size() != 40<<20 {
		t.Fatalf("control: %v %v", info, err)
	}
}

func floodsFreely(t *testing.T) {
	if n := host(t, `yes | head -c 20000000 | wc -c`); n != "20000000" {
		t.Fatalf("control: %s bytes", n)
	}
}

func ignoresTerm(t *testing.T) {
	cmd := exec.Command("/bin/busybox", "sh", "-c", `trap "" TERM; echo ready; while :; do sleep 0.1; done`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("kill", "-TERM", itoa(cmd.Process.Pid)).Run(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	if _, err := os.Stat(filepath.Join("/proc", itoa(cmd.Process.Pid))); err != nil {
		t.Fatal("control: it died of SIGTERM")
	}
}
