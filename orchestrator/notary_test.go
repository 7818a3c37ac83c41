package orchestrator_test

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"testing"

	"glovebox"
	blobs "glovebox/blob/memory"
	"glovebox/receipt"
)

// notary gives receipts in earnest, over blobs in memory. Its calls fail as those
// of the store do.
type notary struct {
	*receipt.Issuer
	faults *faultStore // nil: none fails
}

func newNotary(t *testing.T, l *logs) *notary {
	keys, err := receipt.OpenKeys(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	return &notary{Issuer: &receipt.Issuer{Keys: keys, Blobs: blobs.New(), Source: l}}
}

// Issue implements orchestrator.Receipts.
func (d *notary) Issue(ctx context.Context, job glovebox.Job) (glovebox.ReceiptRef, error) {
	if d.faults == nil {
		return d.Issuer.Issue(ctx, job)
	}
	return through(d.faults, "Issue", func() (glovebox.ReceiptRef, error) { return d.Issuer.Issue(ctx, job) })
}

// Open implements receipt.Source.
func (l *logs) Open(_ context.Context, job string, attempt int, stream string) (io.ReadCloser, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if stream != "stdout" {
		return nil, glovebox.Errorf(glovebox.KindNotFound, "there is no %s", stream)
	}
	return io.NopCloser(bytes.NewReader(l.text[glovebox.SandboxID(job, attempt)])), nil
}

// receipted checks that every job that is archived has one receipt, which is
// good and tells of that job. However often it had to be made, there is one
// only, for it always was the same.
func (r *rig) receipted() {
	r.t.Helper()
	for _, j := range r.store.jobs() {
		text, err := r.notary.Read(context.Background(), j)
		if err != nil {
			r.t.Errorf("%s: %v", j.ID, err)
			continue
		}
		s, err := receipt.Verify(text, r.notary.Keys.Public())
		if err != nil {
			r.t.Errorf("%s: %v", j.ID, err)
		}
		p := s.Predicate
		if p.Job.ID != j.ID || p.End.Outcome != j.Outcome || p.Job.Attempts != j.Attempt || len(p.Ledger) != len(j.Ledger) || p.Asked.By != j.Owner {
			r.t.Errorf("%+v of %+v", p, j)
		}
		if len(p.Output.Streams) > 0 && (p.Output.Streams[0].Bytes != j.Output.Stdout || p.Output.Streams[0].Damaged) {
			r.t.Errorf("%+v of %+v", p.Output, j.Output)
		}
		n := 0
		_ = r.notary.Blobs.List(context.Background(), receipt.Prefix(j.ID), func(string, glovebox.BlobInfo) error { n++; return nil })
		if n != 1 {
			r.t.Errorf("%s has %d receipts", j.ID, n)
		}
	}
}
