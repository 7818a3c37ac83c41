package shimtest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// holder is a job that keeps n megabytes and answers questions.
func holder(n int) Job {
	return Job{
		Args: []string{"/guest", "hold", strconv.Itoa(n)}, Stdin: true,
		ScratchSize: 64 << 20, Inodes: 500, Memory: 1 << 30, Tasks: 100, CPUQuota: 200_000,
	}
}

// saved is a snapshot of such a job, with what it said when it was ready.
func (s *Shim) saved(t *testing.T, j Job) (dir string, from *Task, ready []string) {
	t.Helper()
	h := s.Hold(t, j)
	ready = strings.Fields(h.Line(t))
	dir = s.SnapshotDir(t)
	must(t, h.Save(dir, true))
	if code := h.Wait(t); code != 137 {
		t.Errorf("a job that was to end with its snapshot ended with %d", code)
	}
	if r := h.Report(t); r["killed"] != true || r["crashed"] != nil {
		t.Errorf("report %v", r)
	}
	h.Delete(t)
	return dir, h.Task, ready
}

// restored is a job in a sandbox that the snapshot was restored in, not started.
func (s *Shim) restored(t *testing.T, dir string, from *Task, j Job) *Held {
	t.Helper()
	k := s.NewTask(t, j)
	must(t, k.ParkRestored(dir, from))
	must(t, k.Take())
	return k.converse()
}

// finished ends the input and expects the job to see that.
func (h *Held) finished(t *testing.T) {
	t.Helper()
	h.Stdin.Close()
	h.shim.closeInput(t, h.Task)
	if code := h.Wait(t); code != 7 {
		t.Errorf("at the end of its input it ended with %d, report %v", code, h.Report(t))
	}
	h.Delete(t)
}

func digests(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		fmt.Fprintf(&all, "%s %x\n", e.Name(), sha256.Sum256(data))
	}
	return all.String()
}

// Two jobs from one snapshot of 200 MB are the same program with the same
// memory, files and connections, and have nothing else in common.
func TestRestoreTwice(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	h := s.Hold(t, holder(200))
	ready := strings.Fields(h.Line(t))
	dir := s.SnapshotDir(t)
	mono := clock(t, h)[1]
	must(t, h.Save(dir, false))
	before := digests(t, dir)
	time.Sleep(time.Second)
	if got := h.Ask(t, "sum"); got != ready[2] {
		t.Errorf("the job that was saved goes on with %q", got)
	}
	h.finished(t)

	jobs := [2]*Held{}
	for i := range jobs { // both parked before one is claimed
		k := s.NewTask(t, holder(200))
		must(t, k.ParkRestored(dir, h.Task))
		must(t, k.rename(fmt.Sprintf("host-%d", i)))
		jobs[i] = &Held{Task: k}
	}
	random, markers, same := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, r := range jobs {
		must(t, r.Take())
		r = r.converse()
		r.Tell(t, fmt.Sprintf("echo hello %d", i)) // before it runs
		r.Start(t)
		if got := r.Line(t); got != fmt.Sprintf("hello %d", i) {
			t.Errorf("the first answer is %q", got)
		}
		for question, want := range map[string]string{
			"sum": ready[2], "kept": "true <nil>", "loop x": "x <nil>", "cat /etc/hostname": fmt.Sprintf("\"host-%d\\n\" <nil>", i),
			"machine": fmt.Sprintf("host-%d 2 1", i),
		} {
			if got := r.Ask(t, question); got != want {
				t.Errorf("job %d, %s: %q, not %q", i, question, got, want)
			}
		}
		for _, word := range strings.Fields(r.Ask(t, "random"))[:2] {
			if random[word] {
				t.Errorf("%s was drawn twice", word)
			}
			random[word] = true
		}
		for _, file := range []string{"/run/glovebox/restored", "/etc/machine-id"} {
			text := r.Ask(t, "cat "+file)
			if markers[text] || len(text) < 32 || !strings.HasSuffix(text, "<nil>") {
				t.Errorf("%s: %s, seen %v", file, text, markers)
			}
			markers[text] = true
			if file == "/run/glovebox/restored" && !strings.Contains(text, fmt.Sprintf("FOR=%d", i)) {
				t.Errorf("the job's environment is not in %s", text)
			}
		}
		// The layout of memory, stack and AT_RANDOM, and the kernel's id of its
		// boot are the same, as docs/snapshots.md says.
		same[r.Ask(t, "cat /proc/self/auxv")+r.Ask(t, "cat /proc/sys/kernel/random/boot_id")] = true
		now := clock(t, r)
		if off := time.Since(time.Unix(0, now[0])).Abs(); off > time.Second {
			t.Errorf("the wall clock is wrong by %v", off)
		}
		t.Logf("monotonic clock: %v after the snapshot", time.Duration(now[1]-mono))
		if now[1] < mono {
			t.Errorf("the monotonic clock went back")
		}
		r.finished(t)
	}
	if len(same) != 1 || same[""] {
		t.Errorf("they have what is not the same: %v", same)
	}
	if after := digests(t, dir); after != before {
		t.Errorf("restoring changed the snapshot: %s, %s", before, after)
	}
}

// clock is the wall clock and the monotonic one, in nanoseconds.
func clock(t *testing.T, h *Held) (now [2]int64) {
	t.Helper()
	if _, err := fmt.Sscan(h.Ask(t, "clock"), &now[0], &now[1]); err != nil {
		t.Fatal(err)
	}
	return now
}

// What was saved does not run between the snapshot and Start: not in the
// sandbox that was saved, not while it is parked, not once it is claimed.
func TestNotAnInstructionBeforeStart(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	for name, args := range map[string][]string{
		"busy":  {"/guest", "tick"},
		"shell": {"/bin/sh", "-c", "i=0; while :; do echo $i; i=$((i+1)); sleep 0.002; done"},
	} {
		t.Run(name, func(t *testing.T) {
			h := s.Hold(t, Job{Args: args, ScratchSize: 16 << 20, Memory: 512 << 20})
			last := 0
			for last < 5 {
				last, _ = strconv.Atoi(h.Line(t))
			}
			dir := s.SnapshotDir(t)
			must(t, h.Save(dir, true))
			h.Wait(t)
			for {
				line, err := h.lines.ReadString('\n')
				if err != nil {
					break
				}
				last, _ = strconv.Atoi(strings.TrimSuffix(line, "\n"))
			}
			h.Delete(t)
			for range 5 {
				r := s.restored(t, dir, h.Task, Job{Args: args, ScratchSize: 16 << 20, Memory: 512 << 20, Stdin: true})
				time.Sleep(50 * time.Millisecond)
				r.Start(t)
				if got := r.Line(t); got != strconv.Itoa(last+1) {
					t.Errorf("after %d came %s", last, got)
				}
				r.Kill(t, syscall.SIGKILL)
				r.Wait(t)
				r.Delete(t)
			}
		})
	}
}

// Programs that wait for their input when they are saved get the next job's,
// whoever of them waits and however often the file is open.
func TestRestoredPrograms(t *testing.T) {
	s := StartShim(t)
	for name, c := range map[string]struct{ script, want string }{
		"shell":     {`echo ready; while read x; do echo got $x; done`, "got hi"},
		"a child":   {`echo ready; cat | cat; echo end`, "hi"},
		"a copy":    {`exec 5<&0 6>&1 0</dev/null 1>/dev/null; echo ready >&6; while read x <&5; do echo got $x >&6; done`, "got hi"},
		"a command": {`echo ready; head -n 1; sleep 60`, "hi"},
	} {
		t.Run(name, func(t *testing.T) {
			j := Job{Args: []string{"/bin/sh", "-c", c.script}, ScratchSize: 16 << 20, Stdin: true}
			dir, from, _ := s.saved(t, j)
			for range 2 {
				r := s.restored(t, dir, from, j)
				r.Start(t)
				if got := r.Ask(t, "hi"); got != c.want {
					t.Errorf("got %q", got)
				}
				r.Kill(t, syscall.SIGKILL)
				r.Wait(t)
				r.Delete(t)
			}
		})
	}
}

// Input that nobody had read yet stays with the job that was saved.
func TestRestoredInput(t *testing.T) {
	s := StartShim(t)
	j := Job{Args: []string{"/bin/sh", "-c", "echo ready; sleep 0.3; while read x; do echo got $x; done"}, ScratchSize: 16 << 20}
	h := s.Hold(t, j)
	h.Line(t)
	h.Tell(t, "early")
	dir := s.SnapshotDir(t)
	must(t, h.Save(dir, false))
	if got := h.Line(t); got != "got early" {
		t.Errorf("the saved job: %q", got)
	}
	h.Kill(t, syscall.SIGKILL)
	h.Wait(t)
	h.Delete(t)
	for range 2 {
		j.Stdin = true
		r := s.restored(t, dir, h.Task, j)
		r.Tell(t, "late")
		r.Start(t)
		if got := r.Line(t); got != "got late" {
			t.Errorf("the restored job: %q", got)
		}
		r.Kill(t, syscall.SIGKILL)
		r.Wait(t)
		r.Delete(t)
	}
}

// A program goes on with the kinds of streams it has; those that the next job
// has no use for end or go nowhere.
func TestRestoredStreams(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	dir, from, _ := s.saved(t, holder(1))
	k := s.NewTask(t, holder(1))
	must(t, k.ParkRestored(dir, from))
	must(t, k.Claim(t.Context(), &api.CreateTaskRequest{})) // nothing at all
	k.Start(t)
	if code := k.Wait(t); code != 7 {
		t.Errorf("without an input it ended with %d", code)
	}
	k.Delete(t)

	j := Job{Args: []string{"/bin/sh", "-c", "cat; echo before; sleep 0.3; echo after; echo error >&2"}, ScratchSize: 16 << 20}
	k = s.NewTask(t, j) // without an input
	must(t, k.createQuietly())
	k.Start(t)
	h := k.converse()
	h.Line(t)
	dir = s.SnapshotDir(t)
	must(t, h.Save(dir, true))
	h.Wait(t)
	h.Delete(t)
	next := s.NewTask(t, j)
	must(t, next.ParkRestored(dir, k))
	must(t, next.Take())
	next.Start(t)
	go next.Stdout.collect()
	go next.Stderr.collect()
	if code := next.Wait(t); code != 0 || next.Stdout.String() != "after\n" || next.Stderr.String() != "error\n" {
		t.Errorf("status %d, %q, %q", code, next.Stdout, next.Stderr)
	}
	next.Delete(t)
	j.Stdin = true
	next = s.NewTask(t, j)
	must(t, next.ParkRestored(dir, k))
	if err := next.Take(); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "stream 0") {
		t.Errorf("an input for a program without: %v", err)
	}
	next.Delete(t)
}
