package e2e

import (
	"encoding/json"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"glovebox/e2e/box"
)

// retriedJob is what this test wants to know of a job.
type retriedJob struct {
	Status, Outcome, Reason string
	Attempt                 int
	Causes                  []struct {
		Attempt           int
		Reason, StartedAt string
	}
}

func showRetried(t *testing.T, b *box.Box, id string) retriedJob {
	t.Helper()
	var j retriedJob
	if err := json.Unmarshal([]byte(b.Must("show", "--json", id)), &j); err != nil {
		t.Fatal(err)
	}
	return j
}

// TestRetryAfterShim: the shim is killed under two jobs that run. The one that is
// idempotent runs again, and its output is that of the second attempt alone; the
// other is not, whatever it asks for.
func TestRetryAfterShim(t *testing.T) {
	b := up(t)
	script := "echo begin; sleep 3; echo end"
	again := strings.TrimSpace(b.Must("run", "--detach", "--attempts", "3", "--idempotent", "busybox:test", "--", "sh", "-c", script))
	once := strings.TrimSpace(b.Must("run", "--detach", "--attempts", "3", "busybox:test", "--", "sh", "-c", script))
	followed := make(chan box.Result, 1)
	go func() { followed <- b.Run("logs", "-f", again) }()
	for _, id := range []string{again, once} {
		waitFor(t, 30*time.Second, func() bool { return strings.Contains(b.Run("logs", id).Stdout, "begin") })
	}
	for _, pid := range b.Children("containerd-shim-glovebox-v1 serve") {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	jobs := settle(t, b, []string{again, once})
	if j := showRetried(t, b, again); j.Outcome != "COMPLETED" || j.Attempt != 2 || len(j.Causes) != 1 || j.Causes[0].Reason != "node_lost" || j.Causes[0].StartedAt == "" {
		t.Errorf("the idempotent job: %+v", j)
	}
	if j := showRetried(t, b, once); jobs[once].end() != "FAILED node_lost" || j.Attempt != 1 || len(j.Causes) != 0 {
		t.Errorf("the other: %+v", j)
	}
	if out := b.Must("logs", again); out != "begin\nend\n" {
		t.Errorf("output %q", out)
	}
	if r := <-followed; r.Code != 0 || r.Stdout != "begin\nbegin\nend\n" || !strings.Contains(r.Stderr, "run again") {
		t.Errorf("who followed it got %d %q %q", r.Code, r.Stdout, r.Stderr)
	}
	for id, n := range starts(b) {
		if n > 1 {
			t.Errorf("%s was started %d times", id, n)
		}
	}
	cleanWithin(t, b, 30*time.Second)
}

// TestForgotten: of a job whose time is over, or that is deleted, nothing is
// left in the instance's folder; of another, there is.
func TestForgotten(t *testing.T) {
	b := up(t)
	run := func(flags ...string) string {
		t.Helper()
		id := strings.TrimSpace(b.Must(append(append([]string{"run", "--detach"}, flags...), "busybox:test", "--", "sh", "-c", "echo out; { echo file > /out/f; } 2>/dev/null; exit 0")...))
		settle(t, b, []string{id})
		return id
	}
	kept, deleted := run(), run()
	if n := len(named(t, b, deleted)); n == 0 {
		t.Error("nothing of a job is in the folder: the count proves nothing")
	}
	if out := b.Must("delete", deleted); out != deleted+"\n" {
		t.Errorf("delete printed %q", out)
	}
	short := strings.TrimSpace(b.Must("run", "--detach", "--keep", "1s", "busybox:test", "--", "echo", "out"))
	waitFor(t, time.Minute, func() bool { return b.Run("show", short).Code != 0 })
	for _, id := range []string{deleted, short} {
		if r := b.Run("show", id); r.Code != 74 {
			t.Errorf("show: exit %d %s", r.Code, r.Stderr)
		}
		if left := named(t, b, id); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	}
	if n := len(named(t, b, kept)); n == 0 {
		t.Error("a job that is kept has lost its output")
	}
	if r := b.Run("delete", deleted); r.Code == 0 {
		t.Error("a job was deleted twice")
	}
	running := strings.TrimSpace(b.Must("run", "--detach", "busybox:test", "--", "sleep", "60"))
	if r := b.Run("delete", running); r.Code != 75 || !strings.Contains(r.Stderr, "cancel") {
		t.Errorf("of a job that runs: exit %d %s", r.Code, r.Stderr)
	}
	b.Must("cancel", running)
	settle(t, b, []string{running})
}

// named are the files and folders of the instance that are called after a job.
func named(t *testing.T, b *box.Box, id string) []string {
	t.Helper()
	var found []string
	_ = filepath.WalkDir(filepath.Join(b.Data, "control"), func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.Contains(filepath.Base(path), id) {
			found = append(found, path)
		}
		return nil
	})
	return found
}
