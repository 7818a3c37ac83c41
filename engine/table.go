package engine

import "glovebox"

// Verdict is what an event does in a status.
type Verdict string

// The verdicts.
const (
	Move   Verdict = "move"   // the job changes, if the event's own condition holds
	Ignore Verdict = "ignore" // old news: true, expected, without effect
	Refuse Verdict = "error"  // cannot happen unless somebody is wrong
)

// EventNames lists the events in the order of the table's columns.
var EventNames = []string{"Resolved", "Failed", "Placed", "Observed", "Started", "Exited", "CancelAsked", "Sealed", "Receipted", "Abandoned", "Tick", "Found"}

// table names a verdict for every pair. Reports of nodes and of slow workers
// come late and twice, so what was true a moment ago is ignored, and only what
// never could be true is refused.
var table = map[glovebox.Status][12]Verdict{
	//                            Resolved Failed  Placed  Observed Started Exited  Cancel  Sealed  Receipt Abandon Tick  Found
	glovebox.StatusPending:      {Move, Move, Move, Move, Ignore, Ignore, Move, Refuse, Refuse, Ignore, Move, Ignore},
	glovebox.StatusProvisioning: {Ignore, Move, Ignore, Move, Move, Move, Move, Refuse, Refuse, Ignore, Move, Move},
	glovebox.StatusRunning:      {Ignore, Ignore, Ignore, Move, Ignore, Move, Move, Refuse, Refuse, Move, Move, Move},
	glovebox.StatusCompleted:    {Ignore, Ignore, Ignore, Move, Ignore, Ignore, Ignore, Move, Move, Ignore, Move, Move},
	glovebox.StatusFailed:       {Ignore, Ignore, Ignore, Move, Ignore, Ignore, Ignore, Move, Move, Ignore, Move, Move},
	glovebox.StatusCancelled:    {Ignore, Ignore, Ignore, Move, Ignore, Ignore, Ignore, Move, Move, Ignore, Move, Move},
	glovebox.StatusArchived:     {Ignore, Ignore, Ignore, Ignore, Ignore, Ignore, Ignore, Ignore, Ignore, Ignore, Move, Ignore},
}

// VerdictOf looks the pair up; what is not in the table is an error.
func VerdictOf(s glovebox.Status, event string) Verdict {
	row, ok := table[s]
	if !ok {
		return Refuse
	}
	for i, name := range EventNames {
		if name == event {
			return row[i]
		}
	}
	return Refuse
}
