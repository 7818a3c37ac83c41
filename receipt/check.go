package receipt

import (
	"slices"
	"strings"
	"time"

	"glovebox"
)

// check says whether a statement agrees with itself. What is signed should; if
// it does not, whoever signed it did not know what they did.
func (s Statement) check() error {
	p := s.Predicate
	for _, f := range []func(Predicate) error{checkJob, checkTimes, checkEnd, checkLedger} {
		if err := f(p); err != nil {
			return err
		}
	}
	if want := subjects(p); !slices.Equal(s.Subject, want) {
		return contradiction("subject", "the subjects are not the request and the streams of the job")
	}
	return nil
}

func contradiction(field, what string) error {
	return glovebox.Errorf(glovebox.KindConflict, "the statement contradicts itself: %s", what).On(field).
		Try("the signature is good, and what was signed makes no sense: ask the operator of the service")
}

func checkJob(p Predicate) error {
	switch {
	case p.Job.ID == "" || p.Job.Tenant == "" || p.Asked.By == "":
		return contradiction("predicate.job", "it does not say whose job it is")
	case !strings.HasPrefix(p.Command.Asked, "sha256:"):
		return contradiction("predicate.command.asked", "it does not say what was asked for")
	case p.Job.Attempts < 0 || p.Job.Attempts == 0 && len(p.Ledger)+len(p.Output.Streams) > 0:
		return contradiction("predicate.job.attempts", "a job that never had a sandbox left something")
	}
	return nil
}

func checkTimes(p Predicate) error {
	last := time.Time{}
	for _, t := range []struct {
		name string
		at   time.Time
	}{{"created", p.Times.Created}, {"placed", p.Times.Placed}, {"started", p.Times.Started}, {"ended", p.Times.Ended}} {
		if t.at.IsZero() {
			if t.name == "created" || t.name == "ended" {
				return contradiction("predicate.times."+t.name, "it has no such time")
			}
			continue
		}
		if t.at.Before(last) {
			return contradiction("predicate.times."+t.name, "it is before what came before it")
		}
		last = t.at
	}
	return nil
}

func checkEnd(p Predicate) error {
	switch p.End.Outcome {
	case glovebox.StatusCompleted:
		if p.End.ExitCode == nil || p.End.Reason != "" {
			return contradiction("predicate.end", "it completed without an exit code, or with a reason to fail")
		}
	case glovebox.StatusFailed:
		if p.End.Reason == "" {
			return contradiction("predicate.end.reason", "it failed of nothing")
		}
	case glovebox.StatusCancelled:
		if p.Asked.Cancelled == nil {
			return contradiction("predicate.asked.cancelled", "it was cancelled by nobody")
		}
	default:
		return contradiction("predicate.end.outcome", "that is no end")
	}
	return nil
}

func checkLedger(p Predicate) error {
	for _, l := range p.Ledger {
		if l.State != glovebox.ResourceGone {
			return contradiction("predicate.ledger", "something of the job is not gone")
		}
	}
	if p.Residue.Left != 0 || p.Residue.Made != len(p.Ledger) {
		return contradiction("predicate.residue", "it does not fit the ledger")
	}
	return nil
}
