package api

import (
	"context"
	"io"
	"sync"

	"glovebox"
	"glovebox/output"
)

// piece is how much output is moved at a time: few system calls for much
// output, and little memory for many readers.
const piece = 256 << 10

var pieces = sync.Pool{New: func() any { b := make([]byte, piece); return &b }}

// tail reads one stream of one attempt as it grows.
type tail struct {
	logs    Logs
	job     string
	attempt int
	stream  output.Stream
	offset  int64 // of the next byte
}

// follow gives emit every byte until the stream is complete. over closes when
// nothing more can come, sealed or not: what is there then is the rest. emit's
// bytes are valid during the call.
func (t *tail) follow(ctx context.Context, over <-chan struct{}, emit func([]byte) error) error {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-over:
			stop()
		case <-waiting.Done():
		}
	}()
	defer func() { stop(); <-watched }()
	err := t.read(waiting, true, emit)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return t.read(ctx, false, emit)
	}
	return err
}

// read gives emit what there is and, with wait, what comes.
func (t *tail) read(ctx context.Context, wait bool, emit func([]byte) error) error {
	r, err := t.logs.Follow(ctx, t.job, t.attempt, t.stream, t.offset, wait)
	if err != nil {
		return err
	}
	defer r.Close()
	buf := pieces.Get().(*[]byte)
	defer pieces.Put(buf)
	for {
		n, err := r.Read(*buf)
		if n > 0 {
			if err := emit((*buf)[:n]); err != nil {
				return err
			}
			t.offset += int64(n)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// follower knows what becomes of a job while its output is read.
type follower struct {
	service Service
	caller  glovebox.Principal
}

// placed waits until the job has come to an attempt, or never will.
func (f follower) placed(ctx context.Context, job glovebox.Job, attempt int) (glovebox.Job, error) {
	for job.Attempt < attempt && !job.Status.Ended() {
		next, err := f.service.Watch(ctx, f.caller, job.ID, job.Version)
		if err != nil {
			return job, err
		}
		job = next
	}
	return job, nil
}

// over closes the returned channel when no more output of an attempt can come:
// the job is archived, or is to be placed again. It ends with ctx.
func (f follower) over(ctx context.Context, job glovebox.Job, attempt int) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		last := job
		for !finished(last, attempt) {
			next, err := f.service.Watch(ctx, f.caller, last.ID, last.Version)
			if err != nil {
				return // ctx has ended, or nobody can tell: the stream's own end will do
			}
			last = next
		}
		close(over)
	}()
	return over
}

func finished(j glovebox.Job, attempt int) bool {
	return j.Status == glovebox.StatusArchived || j.Attempt != attempt || j.Status == glovebox.StatusPending ||
		j.Status.Ended() && j.Output.Sealed
}
