package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/engine"
)

// TestRestored: after a restore nothing is under way any more. What had ended
// stays as it was, and what is archived is not touched.
func TestRestored(t *testing.T) {
	taken, now := t0.Add(time.Minute), t0.Add(time.Hour)
	for _, s := range glovebox.Statuses() {
		was := inStatus(s)
		was.Lease = glovebox.Lease{Holder: "old", Until: now}
		is, changed := engine.Restored(was, taken, now)
		if s == glovebox.StatusArchived {
			if changed {
				t.Error("an archived job changed")
			}
			continue
		}
		if !changed || !is.Status.Ended() || !glovebox.AllGone(is.Ledger) || is.Lease != (glovebox.Lease{}) || is.Due.IsZero() || is.Attempt != was.Attempt {
			t.Errorf("%s: %+v", s, is)
		}
		switch {
		case s.Ended() && is.Outcome != was.Outcome:
			t.Errorf("%s became %s", was.Outcome, is.Outcome)
		case !s.Ended() && (is.Outcome != glovebox.StatusFailed || is.Reason != glovebox.ReasonNodeLost || !strings.Contains(is.Fault.Message, "2026-01-02T03:05:05Z")):
			t.Errorf("%s: %s %s %v", s, is.Outcome, is.Reason, is.Fault)
		}
		if slices.ContainsFunc(engine.Todo(is), func(a engine.Action) bool { return a == engine.Place || a == engine.Resolve }) {
			t.Errorf("%s: %v is to be done", s, engine.Todo(is))
		}
		if len(was.Ledger) > 0 && was.Ledger[0].State == glovebox.ResourceGone {
			t.Errorf("%s: the input was changed", s)
		}
		// Whatever a node of then says of it comes to nothing.
		for _, e := range events() {
			switch e.ev.(type) {
			case engine.Started, engine.Exited, engine.Failed, engine.Placed, engine.Observed:
				if next, changed, _ := engine.Step(is, e.ev, now); changed && next.Outcome != is.Outcome {
					t.Errorf("%s, then %s: %s", s, e.label, next.Outcome)
				}
			}
		}
	}
	cancelled := inStatus(glovebox.StatusRunning)
	cancelled.Cancel = &glovebox.Cancel{By: "me", At: t0}
	if is, _ := engine.Restored(cancelled, taken, now); is.Outcome != glovebox.StatusCancelled {
		t.Errorf("cancelled: %s", is.Outcome)
	}
}
