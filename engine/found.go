package engine

import "glovebox"

// found adds what the watch found. What was there stays: a node that has lost
// its memory tells less. Of a job of which nothing is left nothing can be found,
// and its receipt says what was.
func found(j *glovebox.Job, ev Found) error {
	if err := fence(j, ev.Attempt); err != nil {
		return err
	}
	if j.Output.Sealed && glovebox.AllGone(j.Ledger) {
		return nil
	}
	j.Findings = glovebox.MergeFindings(j.Findings, ev.Findings)
	return nil
}
