package engine_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/engine"
)

var update = flag.Bool("update", false, "rewrite the golden file")

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// inStatus returns a job as it looks in a status, with one resource.
func inStatus(s glovebox.Status) glovebox.Job {
	j := glovebox.Job{ID: "j", Status: s, CreatedAt: t0, Spec: glovebox.Spec{Timeout: glovebox.Duration(time.Minute)}}
	if s == glovebox.StatusPending {
		return j
	}
	j.Image.Digest, j.Attempt, j.Node, j.PlacedAt = "sha256:1", 1, "n", t0
	j.Ledger = []glovebox.Resource{{Kind: "sandbox", Name: "j-1", Attempt: 1, State: glovebox.ResourceIntent}}
	if s == glovebox.StatusProvisioning {
		return j
	}
	j.StartedAt = t0
	if s.Ended() {
		j.Outcome, j.EndedAt = s, t0
	}
	if s == glovebox.StatusArchived {
		j.Outcome, j.ArchivedAt, j.Output.Sealed = glovebox.StatusCompleted, t0, true
		j.Ledger[0].State, j.Receipt = glovebox.ResourceGone, &glovebox.ReceiptRef{Digest: "sha256:2"}
	}
	return j
}

// labelled is an event by the name that it has in the matrix.
type labelled struct {
	label string
	ev    engine.Event
}

// events are one or more of each kind, by the name they have in the matrix.
func events() []labelled {
	gone := glovebox.Resource{Kind: "sandbox", Name: "j-1", Attempt: 1, State: glovebox.ResourceGone}
	seen := gone
	seen.State = glovebox.ResourceObserved
	old := glovebox.Errorf(glovebox.KindTimeout, "timeout")
	return []labelled{
		{"Resolved", engine.Resolved{Image: glovebox.ImageRef{Name: "i", Digest: "sha256:1"}}},
		{"Failed", engine.Failed{Attempt: 1, Fault: glovebox.Errorf(glovebox.KindImageUnknown, "no")}},
		{"Failed/unplaced", engine.Failed{Fault: glovebox.Errorf(glovebox.KindImageUnknown, "no")}},
		{"Placed", engine.Placed{Node: "n", Ledger: []glovebox.Resource{{Kind: "sandbox", Name: "j-1"}}}},
		{"Observed/seen", engine.Observed{Resource: seen}},
		{"Observed/gone", engine.Observed{Resource: gone}},
		{"Started", engine.Started{Attempt: 1, At: t0}},
		{"Started/stale", engine.Started{Attempt: 0, At: t0}},
		{"Exited/ok", engine.Exited{Attempt: 1, Result: &glovebox.Result{}}},
		{"Exited/fault", engine.Exited{Attempt: 1, Result: &glovebox.Result{}, Fault: old}},
		{"Exited/stale", engine.Exited{Attempt: 0, Result: &glovebox.Result{}}},
		{"CancelAsked", engine.CancelAsked{By: "me"}},
		{"Sealed", engine.Sealed{}},
		{"Receipted", engine.Receipted{Ref: glovebox.ReceiptRef{Digest: "sha256:2"}}},
		{"Abandoned", engine.Abandoned{}},
		{"Found", engine.Found{Attempt: 1, Findings: []glovebox.Finding{{Rule: "port_scan", Severity: glovebox.SeverityHigh, Score: 0.9, Count: 1}}}},
		{"Found/stale", engine.Found{Attempt: 0}},
		{"Tick/early", engine.Tick{}},
		{"Tick/late", engine.Tick{}},
	}
}

// TestMatrix writes out what every event does in every status and compares it
// with the golden file, so that a change of behaviour shows in review.
func TestMatrix(t *testing.T) {
	var b strings.Builder
	for _, s := range glovebox.Statuses() {
		for _, e := range events() {
			now := t0.Add(time.Second)
			if strings.HasSuffix(e.label, "late") {
				now = t0.Add(100 * time.Hour)
			}
			fmt.Fprintf(&b, "%-12s %-16s %s\n", s, e.label, outcome(inStatus(s), e.ev, now))
		}
	}
	golden(t, "testdata/matrix.golden", b.String())
}

// outcome is what becomes of a job, in short.
func outcome(job glovebox.Job, ev engine.Event, now time.Time) string {
	next, changed, err := engine.Step(job, ev, now)
	out := string(engine.VerdictOf(job.Status, ev.Name()))
	switch {
	case err != nil:
		out += " refused: " + string(glovebox.KindOf(err))
	case changed:
		out += fmt.Sprintf(" → %s %s %v", next.Status, next.Reason, engine.Todo(next))
	}
	return strings.Join(strings.Fields(out), " ")
}

// golden compares with a file, or rewrites it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the matrix changed; look at it and run go test ./engine -update\n%s", got)
	}
}

// TestTableIsWhole checks that no status and no event is left out.
func TestTableIsWhole(t *testing.T) {
	for _, s := range glovebox.Statuses() {
		for _, e := range events() {
			if !contains(engine.EventNames, e.ev.Name()) {
				t.Errorf("event %s is not a column", e.ev.Name())
			}
			switch engine.VerdictOf(s, e.ev.Name()) {
			case engine.Move, engine.Ignore, engine.Refuse:
			default:
				t.Errorf("%s × %s has no verdict", s, e.ev.Name())
			}
		}
	}
	if engine.VerdictOf("NONSENSE", "Tick") != engine.Refuse || engine.VerdictOf(glovebox.StatusPending, "Nonsense") != engine.Refuse {
		t.Error("what is not in the table must be refused")
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
