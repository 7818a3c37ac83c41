package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"glovebox/e2e/box"
)

// killJobs is how many jobs TestKills runs; GLOVEBOX_KILL_JOBS overrides it.
const killJobs = 200

// victims are the processes that TestKills ends at random, by a word of their
// command lines. `up` starts each of them again.
var victims = []string{"glovebox control", "glovebox agent", "containerd --config", "containerd-shim-glovebox-v1 serve"}

// TestKills submits jobs while kill -9 falls on every process in turn. Every
// job that was acknowledged must come to an end that says why, none may be
// blamed for a kill or run twice, and nothing may be left.
func TestKills(t *testing.T) {
	n := killJobs
	if s := os.Getenv("GLOVEBOX_KILL_JOBS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	b := up(t)
	tally := newTally(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))

	stop, killed := make(chan struct{}), make(chan map[string]int)
	go func() { killed <- killer(b, random, stop) }()
	ids := submitAll(t, b, n)
	tally.acknowledged(ids)
	jobs := settle(t, b, ids)
	tally.settled(jobs)
	close(stop)
	kills := <-killed
	for _, n := range kills {
		tally.kills += n
	}

	ends := map[string]int{}
	for id, j := range jobs {
		ends[j.end()]++
		switch {
		case j.Outcome == "COMPLETED":
			j.checkOutput(t, b, id)
		case j.Reason != "node_lost":
			t.Errorf("job %s ended as %s, blaming itself for a kill: %+v", id, j.end(), j.Error)
		}
	}
	for id, n := range starts(b) {
		if n > 1 {
			t.Errorf("job %s was started %d times in one attempt", id, n)
			tally.doubled++
		}
	}
	if ends["COMPLETED"] == 0 {
		t.Error("no job completed: the kills prove nothing")
	}
	if len(starts(b)) == 0 {
		t.Error("no start was seen: the count of starts proves nothing")
	}
	t.Logf("kills %v, ends %v", kills, ends)
	tally.left = cleanWithin(t, b, 60*time.Second)
}

// cleanWithin waits until nothing is left, and says what is if something is, and
// how many lines that takes.
func cleanWithin(t *testing.T, b *box.Box, d time.Duration) (left int) {
	t.Helper()
	var r box.Result
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if r = b.Run("doctor", "--residue"); r.Code == 0 {
			return 0
		}
	}
	t.Errorf("left after %s (exit %d):\n%s%s", d, r.Code, r.Stdout, r.Stderr)
	return max(1, strings.Count(r.Stdout, "\n"))
}

// TestKillEverything ends every process at once, `up` included, while jobs run
// and wait; the next start brings each of them to an end.
func TestKillEverything(t *testing.T) {
	b := up(t)
	var ids []string
	for i := range 20 {
		ids = append(ids, strings.TrimSpace(b.Must("run", "--detach", "--memory", aFifth(t), "busybox:test", "--", "sh", "-c", fmt.Sprintf("echo %d; sleep %d", i, 2+i%2))))
	}
	waitFor(t, 30*time.Second, func() bool { return strings.Contains(b.Must("jobs", "--json"), `"RUNNING"`) })
	tally := newTally(t)
	tally.acknowledged(ids)
	b.KillUp()
	tally.kills = 1
	for _, v := range victims {
		for _, pid := range b.Children(v) {
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				tally.kills++
			}
		}
	}
	b.Start()
	jobs := settle(t, b, ids)
	tally.settled(jobs)
	for id, n := range starts(b) {
		if n > 1 {
			t.Errorf("job %s was started %d times in one attempt", id, n)
			tally.doubled++
		}
	}
	ends := map[string]int{}
	for _, j := range jobs {
		ends[j.end()]++
	}
	if ends["COMPLETED"] == 0 || ends["FAILED node_lost"] == 0 {
		t.Errorf("the kill hit no running job, or no job went on after it: %v", ends)
	}
	t.Logf("ends %v", ends)
	tally.left = cleanWithin(t, b, 30*time.Second)
	if out := b.Must("run", "busybox:test", "--", "echo", "again"); out != "again\n" {
		t.Error(out)
	}
}

// aFifth is a fifth of this machine's memory, so that of many jobs that ask for
// as much a few run and the others wait.
func aFifth(t *testing.T) string {
	t.Helper()
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%dm", info.Totalram*uint64(info.Unit)/5>>20)
}

// TestStreamsOverKills: input and output of one job go on, byte for byte, while
// control, agent and containerd are killed under it.
func TestStreamsOverKills(t *testing.T) {
	b := up(t)
	data := make([]byte, 24<<20)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(data)
	in := &slowReader{data: data, piece: 32 << 10, pause: 5 * time.Millisecond}
	done := make(chan box.Result)
	go func() { done <- b.RunIn(in, "run", "busybox:test", "--", "cat") }()
	for _, v := range []string{"glovebox agent", "glovebox control", "containerd --config", "glovebox agent"} {
		time.Sleep(700 * time.Millisecond)
		for _, pid := range b.Children(v) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	r := <-done
	if r.Code != 0 || r.Stdout != string(data) {
		t.Errorf("exit %d, %d bytes of %d, equal %v: %s", r.Code, len(r.Stdout), len(data), r.Stdout == string(data), r.Stderr)
	}
	cleanWithin(t, b, 30*time.Second)
}

// slowReader gives its data in pieces, with pauses.
type slowReader struct {
	data  []byte
	piece int
	pause time.Duration
}

// Read gives the next piece.
func (r *slowReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	time.Sleep(r.pause)
	n := copy(p[:min(len(p), r.piece)], r.data)
	r.data = r.data[n:]
	return n, nil
}

// killer ends a random victim every second or so and counts what it did.
func killer(b *box.Box, random *rand.Rand, stop <-chan struct{}) map[string]int {
	kills := map[string]int{}
	for {
		select {
		case <-stop:
			return kills
		case <-time.After(time.Duration(300+random.IntN(1200)) * time.Millisecond):
		}
		v := victims[random.IntN(len(victims))]
		for _, pid := range b.Children(v) {
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				kills[v]++
			}
		}
	}
}

// submitAll submits n jobs, a few at a time, and returns the ids that were
// acknowledged: all of them, since the client tries again with the same key.
func submitAll(t *testing.T, b *box.Box, n int) []string {
	t.Helper()
	var mu sync.Mutex
	var ids []string
	var wg sync.WaitGroup
	slots := make(chan struct{}, 4)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			script := fmt.Sprintf("echo begin %d; sleep 0.%d; echo end %d; exit %d", i, i%5, i, i%3)
			r := b.Run("run", "--detach", "busybox:test", "--", "sh", "-c", script)
			mu.Lock()
			defer mu.Unlock()
			if r.Code != 0 {
				t.Errorf("submit %d: exit %d: %s", i, r.Code, r.Stderr)
				return
			}
			ids = append(ids, strings.TrimSpace(r.Stdout))
		})
	}
	wg.Wait()
	return ids
}

type killedJob struct {
	Status, Outcome, Reason string
	Error                   *struct{ Kind, Message string }
	Result                  *struct{ ExitCode int }
}

func (j killedJob) end() string { return strings.TrimSpace(j.Outcome + " " + j.Reason) }

// checkOutput compares what a completed job wrote with what it must have.
func (j killedJob) checkOutput(t *testing.T, b *box.Box, id string) {
	t.Helper()
	out := b.Must("logs", id)
	var begin, end int
	if _, err := fmt.Sscanf(out, "begin %d\nend %d\n", &begin, &end); err != nil || begin != end || out != fmt.Sprintf("begin %d\nend %d\n", begin, end) {
		t.Errorf("job %s completed with output %q", id, out)
	}
	if j.Result == nil || j.Result.ExitCode != begin%3 {
		t.Errorf("job %s (%d) completed with %+v", id, begin, j.Result)
	}
}

// settle waits until every job is archived and returns them.
func settle(t *testing.T, b *box.Box, ids []string) map[string]killedJob {
	t.Helper()
	jobs := map[string]killedJob{}
	deadline := time.Now().Add(10 * time.Minute)
	for _, id := range ids {
		for {
			var j killedJob
			r := b.Run("show", "--json", id)
			if r.Code == 0 && json.Unmarshal([]byte(r.Stdout), &j) == nil && j.Status == "ARCHIVED" {
				if j.Outcome == "" || (j.Outcome == "FAILED" && j.Reason == "") {
					t.Errorf("job %s ended without saying why: %s", id, r.Stdout)
				}
				jobs[id] = j
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("job %s has not ended:\n%s%s", id, r.Stdout, r.Stderr)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	return jobs
}

// starts counts, by sandbox, how often the shim was told to start a command:
// it logs that before it does it.
func starts(b *box.Box) map[string]int { return startsIn(b.Log.String()) }

func startsIn(log string) map[string]int {
	n := map[string]int{}
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "starting the command") {
			continue
		}
		if _, rest, ok := strings.Cut(line, `"hostname":"`); ok {
			id, _, _ := strings.Cut(rest, `"`)
			n[id]++
		}
	}
	return n
}
