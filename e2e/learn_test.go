package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLearnedPolicy: what an observed run did becomes a policy with which the
// same job runs again, and a changed one is stopped while it runs, whatever it
// changed: a program, or where it connects to.
func TestLearnedPolicy(t *testing.T) {
	b := up(t)
	image := []string{"busybox:test", "--", "sh", "-c"}
	run := func(flags []string, script string) string {
		return strings.TrimSpace(b.Must(append(append(append([]string{"run", "--detach"}, flags...), image...), script)...))
	}
	const job = "echo hello > /tmp/hello; cat /tmp/hello; sleep 1"
	var observed []string
	for range 2 {
		id := run([]string{"--observe"}, job)
		if out := b.Must("logs", "-f", id); out != "hello\n" {
			t.Fatalf("observed: %q", out)
		}
		archived(t, b, id)
		observed = append(observed, id)
	}
	learned := filepath.Join(t.TempDir(), "learned.yaml")
	doc := b.Must(append([]string{"policy", "learn"}, observed...)...)
	if err := os.WriteFile(learned, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"profile:", "runs: 2", "/bin/busybox", "drift: 0.3", "write", "# Memory: at most"} {
		if !strings.Contains(doc, part) {
			t.Errorf("no %q in the learned policy:\n%s", part, doc)
		}
	}
	b.Must("policy", "check", learned)

	again := run([]string{"--policy", learned}, job)
	if out := b.Must("logs", "-f", again); out != "hello\n" {
		t.Errorf("the same again: %q", out)
	}
	if j := archived(t, b, again); j.Outcome != "COMPLETED" || len(j.Findings) != 0 {
		t.Errorf("the same again: %+v\n%s", j, b.Must("logs", "--events", again))
	}
	if score := b.Must("policy", "drift", learned, again); !strings.HasPrefix(score, "score 0.0") {
		t.Errorf("the same again drifts: %s", score)
	}
	for name, changed := range map[string]string{
		"a program": "cp /bin/busybox /tmp/sleep; /tmp/sleep 60",
		"a program, quicker than it is looked for": "cp /bin/busybox /tmp/true; /tmp/true",
		"a port that is scanned":                   "echo hello > /tmp/hello; cat /tmp/hello; for p in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do nc -w 1 10.9.9.9 $p; done; mount -t tmpfs x /mnt; sleep 60",
	} {
		t.Run(name, func(t *testing.T) {
			id := run([]string{"--policy", learned}, changed)
			j := archived(t, b, id)
			if j.Outcome != "FAILED" || j.Reason != "policy_denied" || !strings.Contains(j.Error.Message, "drift") {
				t.Errorf("%+v\n%s", j, b.Must("logs", "--events", id))
			}
			if events := b.Must("logs", "--events", id); !strings.Contains(events, " finding drift ") {
				t.Errorf("no event:\n%s", events)
			}
			if score := b.Must("policy", "drift", learned, id); strings.HasPrefix(score, "score 0.0") {
				t.Errorf("no drift: %s", score)
			}
		})
	}
	if r := b.Run(append(append([]string{"run"}, image...), "cp /bin/busybox /tmp/true; /tmp/true")...); r.Code != 0 {
		t.Errorf("control: a changed job without the policy: %+v", r)
	}
	b.NoResidue()
}

// over is a job at its end.
type over struct {
	Status, Outcome, Reason string
	Error                   struct{ Message string }
	Findings                []struct {
		Rule, Severity string
		Score          float64
	}
}

// archived waits until a job is over.
func archived(t *testing.T, b interface{ Must(...string) string }, id string) (j over) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		j = over{}
		if err := json.Unmarshal([]byte(b.Must("show", "--json", id)), &j); err != nil {
			t.Fatal(err)
		}
		if j.Status == "ARCHIVED" {
			return j
		}
		if time.Now().After(end) {
			t.Fatalf("%s is %s", id, j.Status)
		}
	}
}
