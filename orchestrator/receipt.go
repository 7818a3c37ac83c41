package orchestrator

import (
	"context"

	"glovebox"
	"glovebox/engine"
)

// Receipts gives jobs their receipts.
type Receipts interface {
	// Issue signs what became of a job that is over: its output is sealed and
	// nothing of it is left. The statement is made of the job and of what is
	// sealed alone, so Issue of the same job gives the same bytes, and making
	// them twice is making them once. They are durable when it returns. It
	// reads all that the job wrote. KindUnavailable: again later.
	Issue(ctx context.Context, job glovebox.Job) (glovebox.ReceiptRef, error)
}

const (
	// attestNow is how many bytes of output are read while a worker waits.
	// More are read beside the workers, by attestReaders at one time, so that
	// a job that wrote much holds up no others.
	attestNow     = 1 << 20
	attestReaders = 2
)

// attest has a job's receipt made.
func (o *Orchestrator) attest(ctx context.Context, job glovebox.Job) ([]engine.Event, error) {
	if written(job) <= attestNow {
		ref, err := o.Receipts.Issue(ctx, job)
		if err != nil {
			return nil, err
		}
		return []engine.Event{engine.Receipted{Ref: ref}}, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.attesting[job.ID] {
		return nil, nil
	}
	o.attesting[job.ID] = true
	o.running.Go(func() {
		o.attestLong(ctx, job)
		o.mu.Lock()
		delete(o.attesting, job.ID)
		o.mu.Unlock()
	})
	return nil, nil
}

func (o *Orchestrator) attestLong(ctx context.Context, job glovebox.Job) {
	select {
	case o.readers <- struct{}{}:
		defer func() { <-o.readers }()
	case <-ctx.Done():
		return
	}
	ref, err := o.Receipts.Issue(ctx, job)
	switch {
	case err == nil:
		o.tell(job.ID, engine.Receipted{Ref: ref})
	case ctx.Err() == nil: // the sweep finds the job again
		o.Log.Warn("a receipt could not be made, and is tried again", "job", job.ID, "err", err)
	}
}

// written is how many bytes a receipt has to be made of.
func written(job glovebox.Job) int64 {
	n := job.Output.Stdout + job.Output.Stderr + job.Output.Events
	if job.Artifacts != nil {
		n += job.Artifacts.IndexBytes
	}
	return n
}

// noReceipts is for who wants none.
type noReceipts struct{}

func (noReceipts) Issue(context.Context, glovebox.Job) (glovebox.ReceiptRef, error) {
	return glovebox.ReceiptRef{}, nil
}
