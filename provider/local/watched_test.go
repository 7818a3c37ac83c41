package local

import (
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox"
	"glovebox/internal/nodev1"
)

// TestFindingsAreReported: once, and before the end that comes with them; again
// when they are others, and again to the next process.
func TestFindingsAreReported(t *testing.T) {
	inBubble(t, func(c *control) {
		c.order("j1", "n1")
		n := c.open().node("n1")
		n.sync()
		c.sink.take()
		found := func(score float64) *nodev1.Finding {
			at := timestamppb.New(time.Now())
			return &nodev1.Finding{Rule: "port_scan", Severity: "medium", Score: score, Count: 3, First: at, Last: at, Evidence: []string{"15 ports"}}
		}
		one := &nodev1.Sandbox{Job: "j1", Attempt: 1, Phase: nodev1.Phase_PHASE_RUNNING, Findings: []*nodev1.Finding{found(0.7)}}
		n.have = []*nodev1.Sandbox{one}
		for range 3 {
			n.sync()
		}
		said := c.sink.take()
		if len(said) != 2 || len(said[0].Findings) != 1 || said[0].Findings[0].Rule != "port_scan" || said[0].Findings[0].Count != 3 {
			t.Errorf("reported %+v", said)
		}
		ended := &nodev1.Sandbox{Job: "j1", Attempt: 1, Phase: nodev1.Phase_PHASE_EXITED, Findings: []*nodev1.Finding{found(0.9)},
			Exit: &nodev1.Exit{Started: true, Fault: &nodev1.Fault{Kind: "denied", Message: "found"}}}
		n.have = []*nodev1.Sandbox{ended}
		n.sync()
		said = c.sink.take()
		if len(said) != 2 || len(said[0].Findings) != 1 || said[1].Exit.Fault.Kind != glovebox.KindDenied || said[1].Exit.Result == nil {
			t.Errorf("reported %+v", said)
		}
		n.have = append(n.have, &nodev1.Sandbox{Job: "j2", Attempt: 1, Phase: nodev1.Phase_PHASE_RUNNING, Findings: []*nodev1.Finding{found(0.7)}})
		n.sync()
		if said = c.sink.take(); len(said) != 0 {
			t.Errorf("of a job that it was not given: %+v", said)
		}
	})
}

// TestFindingsAreBounded: a node may say anything.
func TestFindingsAreBounded(t *testing.T) {
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	long := strings.Repeat("\x1b[31mü", 1000)
	var told []*nodev1.Finding
	for range 1000 {
		told = append(told, &nodev1.Finding{Rule: "port_scan", Severity: "high", Score: 0.9, First: timestamppb.New(now.Add(time.Hour)),
			Evidence: []string{long, long, long, long, long, long}})
	}
	all := findings(told, now)
	if len(all) != 1 || len(all[0].Evidence) != glovebox.MaxFindingLines || all[0].First.After(now) || all[0].Last.After(now) {
		t.Fatalf("%d: %+v", len(all), all)
	}
	for _, line := range all[0].Evidence {
		if len(line) > glovebox.MaxFindingLine || strings.ContainsAny(line, "\x1b") {
			t.Errorf("%q", line)
		}
	}
	for _, f := range []*nodev1.Finding{
		{Rule: "another", Severity: "high", Score: 0.9}, {Rule: "port_scan", Severity: "dire", Score: 0.9},
		{Rule: "port_scan", Severity: "high", Score: 2}, {Rule: "port_scan", Severity: "high", Score: math.NaN()}, nil,
	} {
		if all := findings([]*nodev1.Finding{f}, now); len(all) != 0 {
			t.Errorf("%v: %+v", f, all)
		}
	}
}
