package main

import (
	"path/filepath"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	blobs "glovebox/blob/memory"
	"glovebox/output"
	"glovebox/receipt"
	"glovebox/store/memory"
)

// startReceipts gives receipts in earnest of what an API's logs hold.
func startReceipts(t testing.TB, dir string, c *api.Config) receipt.Desk {
	t.Helper()
	keys, err := receipt.OpenKeys(filepath.Join(dir, "receipt.keys"))
	if err != nil {
		t.Fatal(err)
	}
	d := receipt.Desk{
		Issuer:  &receipt.Issuer{Keys: keys, Blobs: blobs.New(), Source: jobStreams{c.Logs.(*output.Logs)}},
		Records: memory.New(), Now: time.Now,
	}
	c.Receipts = d
	return d
}

// receiptedImage is the image of jobs that the tests' node archives, as control
// would, with a receipt.
const receiptedImage = "receipted"

func (n *node) archive(id string) {
	job, err := n.server.Service.Job(n.ctx, operator, id)
	if err != nil {
		n.t.Error(err)
		return
	}
	ref, err := n.receipts[0].Issue(n.ctx, job)
	if err != nil {
		n.t.Error(err)
		return
	}
	n.server.Service.Update(id, func(j *glovebox.Job) {
		j.Status, j.ArchivedAt, j.Receipt = glovebox.StatusArchived, time.Now().UTC(), &ref
	})
}
