package hostile

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"glovebox/e2e/box"
)

// bomb takes more than it was given.
type bomb struct {
	family int
	name   string
	limits []string // of `glovebox run`
	words  []string // of the attacker
	reason string   // that the job must end with; "" if it must just end
	most   int      // how far it may get; 0 for as far as it likes
	free   []string // the same, bounded, where no sandbox is
	far    int      // how far that must get, or the bomb is none
}

var bombs = []bomb{
	{5, "forks", []string{"--pids", "48"}, []string{"forks"}, "pids_limit", 48, []string{"forks", "-most", "100", "-stay", "1s"}, 100},
	{5, "threads", []string{"--pids", "48"}, []string{"threads"}, "pids_limit", 48, []string{"threads", "-most", "100", "-stay", "1s"}, 100},
	// Who has ended is not counted by gVisor: it costs the sandbox's own memory.
	{5, "zombies", []string{"--pids", "48", "--memory", "128m"}, []string{"zombies", "-most", "400", "-stay", "1ms"}, "", 0, []string{"zombies", "-most", "100", "-stay", "1ms"}, 100},
	{6, "memory", []string{"--memory", "96m"}, []string{"memory"}, "out_of_memory", 96, []string{"memory", "-most", "160"}, 160},
	{6, "page cache", []string{"--disk", "48m"}, []string{"pagecache"}, "disk_limit", 48, []string{"pagecache", "-most", "80", "-stay", "1ms"}, 80},
	{6, "sparse terabyte", []string{"--disk", "32m"}, []string{"sparse"}, "disk_limit", 32, nil, 0},
	{6, "open files", []string{"--files", "256"}, []string{"files", "-most", "100000"}, "", 256, []string{"files", "-most", "2000"}, 2000},
	{6, "every core", []string{"--cpus", "0.5", "--timeout", "2s"}, []string{"spin"}, "timeout", 0, []string{"spin", "-most", "4", "-stay", "200ms"}, 1},
	{12, "ignores signals, also in another session", []string{"--timeout", "1s"}, []string{"stubborn"}, "timeout", 0, nil, 0},
	{12, "children that come again", []string{"--timeout", "1s"}, []string{"respawn"}, "timeout", 0, nil, 0},
	{12, "stopped", []string{"--timeout", "1s"}, []string{"stopped"}, "timeout", 0, nil, 0},
	{12, "keeps everything busy", []string{"--timeout", "1s"}, []string{"busy"}, "timeout", 0, nil, 0},
}

// resources are the families 5, 6 and 12, each beside a neighbour that must go
// on.
func (s *stand) resources(t *testing.T) {
	neighbour, end := s.neighbour(t)
	defer end()
	t.Run("bombs", func(t *testing.T) { s.explode(t, neighbour) })
	s.b.NoResidue()
}

func (s *stand) explode(t *testing.T, neighbour func() int) {
	for i, b := range bombs {
		t.Run(b.name, func(t *testing.T) {
			if b.family == 12 {
				t.Parallel() // they wait, more than they do
			}
			s.bombControl(t, b)
			s.parked(t)
			before, label := neighbour(), fmt.Sprintf("bomb=%s-%d", s.how, i)
			agent := s.rss("agent")
			began := time.Now()
			args := append(append(append([]string{"run", "--timeout", "30s", "--label", label}, s.args...), b.limits...), "attacker:test", "--", "/attacker")
			r := s.b.Run(append(args, b.words...)...)
			took, job := time.Since(began), shown(t, s.b, label)
			// A job that is at its limit of time is gone within the grace and 5 s.
			worked := job.Reason != b.reason || b.most > 0 && far(r.Stdout) > b.most || took > 32*time.Second || b.family == 12 && took > 16*time.Second
			waitFor(t, 10*time.Second, func() bool { return neighbour() > before })
			grown := s.rss("agent") - agent
			s.note(t, Attempt{
				Family: b.family, Column: s.column, Case: s.how + ": " + b.name, Succeeded: worked || grown > 64<<20,
				Detail: fmt.Sprintf("ended as %q after %s, got to %d; the agent grew by %d bytes", job.Reason, took, far(r.Stdout), grown),
			})
			if want := map[string]string{"cold": "cold", "parked": "pool"}[s.how]; b.family != 12 && job.Result.StartedFrom != want {
				t.Errorf("started from %q, want %q", job.Result.StartedFrom, want)
			}
		})
	}
}

// far is how far a bomb got.
func far(out string) int {
	most := 0
	for line := range strings.Lines(out) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "made "); ok {
			if n, err := strconv.Atoi(n); err == nil {
				most = max(most, n)
			}
		}
	}
	return most
}

// bombControl shows that the bomb goes off where only our own bounds hold it.
func (s *stand) bombControl(t *testing.T, b bomb) {
	t.Helper()
	switch {
	case b.far > 0:
		got := far(s.bounded(t, b.free...))
		s.sheet.Control("bomb: "+b.name, got >= b.far)
		if got < b.far {
			t.Errorf("control: it got to %d where nothing holds it back, want %d", got, b.far)
		}
	case b.family == 12:
		held := s.survives(t, b.words[0])
		s.sheet.Control("stubborn: "+b.name, held)
		if !held {
			t.Error("control: SIGTERM ends it where nothing else does")
		}
	default:
		got := far(s.bounded(t, append(b.words, "-most", "64", "-stay", "1ms")...))
		s.sheet.Control("bomb: "+b.name, got >= 64)
		if got < 64 {
			t.Errorf("control: it got to %d", got)
		}
	}
}

// rss is the memory of the box's process.
func (s *stand) rss(name string) int {
	all := 0
	for _, pid := range s.b.Children("glovebox " + name) {
		all += resident(pid)
	}
	if all == 0 {
		s.b.T.Errorf("no process %s is found", name)
	}
	return all
}

func resident(pid int) int {
	status, _ := os.ReadFile("/proc/" + itoa(pid) + "/status")
	for line := range bytes.Lines(status) {
		if v, ok := bytes.CutPrefix(line, []byte("VmRSS:")); ok {
			if f := bytes.Fields(v); len(f) > 0 {
				n, _ := strconv.Atoi(string(f[0]))
				return n << 10
			}
		}
	}
	return 0
}

// neighbour is a job that counts, and how far it is.
func (s *stand) neighbour(t *testing.T) (lines func() int, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := s.b.Command(ctx, "run", "attacker:test", "--", "sh", "-c", "i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done")
	out := &box.Buffer{}
	cmd.Stdout = out
	cmd.Cancel = func() error { return cmd.Process.Signal(interrupt) }
	cmd.WaitDelay = 20 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines = func() int { return strings.Count(out.String(), "\n") }
	waitFor(t, 20*time.Second, func() bool { return lines() > 2 })
	return lines, func() { cancel(); _ = cmd.Wait() }
}
