package hostile

import (
	"encoding/json"
	"os"
	"testing"

	"glovebox/e2e/box"
)

var interrupt = os.Interrupt

// ready is how many sandboxes wait in the pool.
func ready(t *testing.T, b *box.Box) (n int) {
	t.Helper()
	var all []struct {
		Template string
		Slots    []struct{ State string }
	}
	if err := json.Unmarshal([]byte(b.Must("pool", "--json")), &all); err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		for _, s := range p.Slots {
			if p.Template == "generic" && s.State == "parked" {
				n++
			}
		}
	}
	return n
}

// ended is how a job came to its end.
type ended struct {
	ID                      string `json:"jobID"`
	Status, Outcome, Reason string
	Result                  struct{ StartedFrom string }
	Output                  struct {
		Stdout, Stderr int64
		Truncated      bool
	}
	Artifacts leftBy
}

// shown is the job with a label of its own.
func shown(t *testing.T, b *box.Box, label string) ended {
	t.Helper()
	var jobs []struct {
		ID string `json:"jobID"`
	}
	if err := json.Unmarshal([]byte(b.Must("jobs", "--json", "--label", label)), &jobs); err != nil || len(jobs) != 1 {
		t.Fatalf("%d jobs of %s: %v", len(jobs), label, err)
	}
	var e ended
	if err := json.Unmarshal([]byte(b.Must("show", "--json", jobs[0].ID)), &e); err != nil {
		t.Fatal(err)
	}
	return e
}
