package client_test

import (
	"path/filepath"
	"testing"
	"time"

	"glovebox"
	"glovebox/blob/memory"
	"glovebox/receipt"
	records "glovebox/store/memory"
)

// receiptsOf gives receipts of jobs that wrote nothing.
func receiptsOf(t testing.TB) receipt.Desk {
	t.Helper()
	keys, err := receipt.OpenKeys(filepath.Join(t.TempDir(), "receipt.keys"))
	if err != nil {
		t.Fatal(err)
	}
	return receipt.Desk{Issuer: &receipt.Issuer{Keys: keys, Blobs: memory.New()}, Records: records.New(), Now: time.Now}
}

// TestReceipts: a receipt comes as it was signed, and the keys of the server fit.
func TestReceipts(t *testing.T) {
	s := startSite(t)
	c, ctx := s.root(), t.Context()
	job, err := c.Submit(ctx, glovebox.Spec{Image: "busybox", Cmd: []string{"true"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Receipt(ctx, job.ID); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Errorf("before the end: %v", err)
	}
	for _, id := range []string{"jother", "../x", ""} {
		if _, err := c.Receipt(ctx, id); err == nil {
			t.Errorf("of %q", id)
		}
	}
	keys, err := c.ReceiptKeys(ctx)
	if err != nil || len(keys.Keys) != 1 {
		t.Fatalf("%+v %v", keys, err)
	}
	made, err := c.RotateReceiptKey(ctx)
	if after, _ := c.ReceiptKeys(ctx); err != nil || len(after.Keys) != 2 || after.Keys[1] != made {
		t.Errorf("%+v %v", after, err)
	}
	if b, err := c.ReceiptSchema(ctx); err != nil || string(b) != string(receipt.Schema) {
		t.Errorf("%s %v", b, err)
	}
}
