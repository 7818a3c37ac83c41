package storetest

import (
	"context"
	"testing"

	"glovebox"
)

// testCopies: nothing is shared between the store and its callers, in either
// direction.
func testCopies(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	var given, want glovebox.Job // equal, and nothing shared
	fill(&given)
	fill(&want)
	want.Version = 1

	stored := create(t, s, given)
	spoil(&given)
	equal(t, "after the created job was changed", get(t, s, want.ID), want)
	spoil(&stored)
	equal(t, "after the returned job was changed", get(t, s, want.ID), want)

	read := get(t, s, want.ID)
	spoil(&read)
	page, err := s.ListJobs(ctx, glovebox.JobFilter{Tenant: want.Tenant})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "listed after the read job was changed", page.Jobs, []glovebox.Job{want})
	spoil(&page.Jobs[0])
	due, err := s.DueJobs(ctx, want.Due, 1)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "due after the listed job was changed", due, []glovebox.Job{want})
	spoil(&due[0])

	next := get(t, s, want.ID)
	updated := update(t, s, next)
	spoil(&next)
	spoil(&updated)
	want.Version = 2
	equal(t, "after the updated jobs were changed", get(t, s, want.ID), want)
}

// spoil changes everything that a shallow copy of a filled job would share.
func spoil(job *glovebox.Job) {
	job.Spec.Cmd[0], job.Spec.Entrypoint[0], job.Spec.Stdin[0] = "spoilt", "spoilt", 0
	job.Spec.Env["spoilt"], job.Spec.Labels["spoilt"] = "spoilt", "spoilt"
	job.Ledger[0].Name = "spoilt"
	job.Fault.Message, job.Result.ExitCode, job.Cancel.By = "spoilt", -1, "spoilt"
}
