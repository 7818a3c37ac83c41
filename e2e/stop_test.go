package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestStop: a stop lets jobs finish within the grace, ends the rest with a
// reason, leaves nothing on the machine, and the next start has nothing to guess.
func TestStop(t *testing.T) {
	b := up(t, "--grace", "3s")
	quick := strings.TrimSpace(b.Must("run", "--detach", "busybox:test", "--", "sh", "-c", "sleep 1; echo done"))
	long := strings.TrimSpace(b.Must("run", "--detach", "busybox:test", "--", "sh", "-c", "echo begun; sleep 600"))
	waitFor(t, 20*time.Second, func() bool { return strings.Contains(b.Must("logs", long), "begun") })
	if code := b.Stop(); code != 0 {
		t.Fatalf("stopped with %d", code)
	}
	stopped := time.Now()
	b.NoResidue() // with the service down
	time.Sleep(time.Second)
	b.Start()
	if out := b.Must("logs", quick); out != "done\n" {
		t.Errorf("the job within the grace wrote %q", out)
	}
	var j struct {
		Outcome, Reason string
		Error           struct{ Message string }
		Result          *struct{ ExitCode int }
		EndedAt         time.Time
	}
	if err := json.Unmarshal([]byte(b.Must("show", "--json", long)), &j); err != nil {
		t.Fatal(err)
	}
	if j.Outcome != "FAILED" || j.Reason != "node_lost" || !strings.Contains(j.Error.Message, "stopped") || j.Result != nil || j.EndedAt.After(stopped) {
		t.Errorf("the job beyond the grace: %+v (stopped %s)", j, stopped)
	}
	if out := b.Must("logs", long); out != "begun\n" {
		t.Errorf("it wrote %q", out)
	}
	b.NoResidue()
}
