package e2e

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestStop: a stop that hands nothing over lets jobs finish within the grace,
// ends the rest with a reason, leaves nothing on the machine, and the next start
// has nothing to guess.
func TestStop(t *testing.T) {
	b := up(t, "--grace", "3s", "--at-stop=end")
	quick := strings.TrimSpace(b.Must("run", "--detach", "busybox:test", "--", "sh", "-c", "sleep 1; echo done"))
	long := strings.TrimSpace(b.Must("run", "--detach", "busybox:test", "--", "sh", "-c", "echo begun; sleep 600"))
	waitFor(t, 20*time.Second, func() bool { return strings.Contains(b.Must("logs", long), "begun") })
	if code := b.Stop(); code != 0 {
		t.Fatalf("stopped with %d", code)
	}
	stopped := time.Now()
	b.NoResidue() // with the service down
	b.Gone()
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

// TestSecondSignal: whoever insists gets an end at once, also of jobs that would
// have been handed over.
func TestSecondSignal(t *testing.T) {
	b := up(t, "--grace", "10m", "--at-stop=hand-over")
	id := begin(t, b, "busybox:test", "--", "sh", "-c", "echo begun; sleep 600")
	b.Signal(syscall.SIGTERM)
	time.Sleep(time.Second) // two signals at once count as one
	began := time.Now()
	if code := b.Stop(); code == 0 {
		t.Error("a stop that was cut short ended with 0")
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	b.Gone()
	b.Start("--at-stop=hand-over")
	if j := ended(t, b, id); j.end() != "FAILED node_lost" {
		t.Errorf("%+v", j)
	}
	cleanWithin(t, b, 10*time.Second)
}
