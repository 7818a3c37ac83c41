package receipt

import (
	"bytes"
	"context"
	"io"
	"strings"

	"glovebox"
)

// Issuer makes receipts and keeps them. Its methods may be called concurrently.
type Issuer struct {
	Keys   *Keys
	Blobs  glovebox.Blobs
	Source Source
}

// Prefix is what the keys of a job's receipts begin with. There can be two: if
// a power cut has taken the record of the first, the second tells what was seen
// afterwards. The job names the one that counts.
//
// Jobs share folders, by the end of their ids, because a folder for each costs
// the disk more than the receipt does.
func Prefix(job string) string { return "receipts/" + job[max(0, len(job)-2):] + "/" + job + "." }

// Issue implements orchestrator.Receipts: it reads what the job wrote, signs,
// and stores. The place of a receipt is its digest, so storing it twice is
// storing it once.
func (i *Issuer) Issue(ctx context.Context, job glovebox.Job) (glovebox.ReceiptRef, error) {
	read, err := readAll(ctx, i.Source, job)
	if err != nil {
		return glovebox.ReceiptRef{}, err
	}
	text, keyID, err := seal(Of(job, read), i.Keys)
	if err != nil {
		return glovebox.ReceiptRef{}, err
	}
	ref := glovebox.ReceiptRef{Digest: sum(text), Size: int64(len(text)), KeyID: keyID}
	_, err = i.Blobs.Put(ctx, place(job.ID, ref), bytes.NewReader(text))
	if err != nil && glovebox.KindOf(err) != glovebox.KindConflict {
		return glovebox.ReceiptRef{}, err
	}
	return ref, nil
}

// Read returns the bytes of a job's receipt. KindConflict while the job is not
// archived; KindNotFound if it has none; KindUnavailable if what is kept is not
// what was issued.
func (i *Issuer) Read(ctx context.Context, job glovebox.Job) ([]byte, error) {
	switch {
	case job.Status != glovebox.StatusArchived:
		return nil, glovebox.Errorf(glovebox.KindConflict, "job %s is %s, and a receipt is given when all is over", job.ID, job.Status).
			Try("wait for it with GET /v1/jobs/%s/wait?for=archived", job.ID)
	case job.Receipt == nil || job.Receipt.Digest == "":
		return nil, glovebox.Errorf(glovebox.KindNotFound, "job %s has no receipt: it was archived before there were any", job.ID).
			Try("see what is known of it with `glovebox show %s`", job.ID)
	}
	r, err := i.Blobs.Open(ctx, place(job.ID, *job.Receipt), 0)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "the receipt of job %s is not where it was put", job.ID).
			Try("restore control/blobs from a backup")
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "read the receipt of job %s: %w", job.ID, err)
	}
	if sum(text) != job.Receipt.Digest {
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "the receipt of job %s is not what was issued", job.ID).
			Try("restore control/blobs from a backup")
	}
	return text, nil
}

func place(job string, ref glovebox.ReceiptRef) string {
	return Prefix(job) + strings.TrimPrefix(ref.Digest, "sha256:")
}
