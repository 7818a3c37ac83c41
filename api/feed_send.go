package api

import (
	"context"
	"errors"
	"reflect"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/output"
)

// begin notes the attempt that offsets are about from now on.
func (f *feed) begin(attempt int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.at.attempt != attempt {
		f.at.attempt, f.at.stdout, f.at.stderr = attempt, 0, 0
	}
}

func (f *feed) offset(s output.Stream) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s == output.Stderr {
		return f.at.stderr
	}
	return f.at.stdout
}

// data sends bytes of a stream.
func (f *feed) data(s output.Stream, offset int64, p []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := wire.EventStdout
	if s == output.Stderr {
		t, f.at.stderr = wire.EventStderr, offset+int64(len(p))
	} else {
		f.at.stdout = offset + int64(len(p))
	}
	return f.sse.data(t, f.at.String(), offset, p)
}

// change sends the job if a caller can see that it has changed: many versions
// differ only in what control keeps to itself.
func (f *feed) change(job glovebox.Job) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if job.Version <= f.at.version {
		return nil
	}
	f.at.version = job.Version
	view := viewJob(job)
	same := view
	same.Version, same.Output = f.shown.Version, f.shown.Output
	if reflect.DeepEqual(same, f.shown) {
		return nil
	}
	f.shown = view
	return f.sse.send(wire.EventJob, f.at.String(), view)
}

// end sends the last event, with the sizes as they turned out.
func (f *feed) end(job glovebox.Job) error {
	if f.ctx.Err() != nil {
		return f.why(f.ctx.Err())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !job.Output.Sealed && job.Attempt > 0 {
		job.Output.Stdout, job.Output.Stderr = f.at.stdout, f.at.stderr
	}
	f.at.version = max(f.at.version, job.Version)
	return f.sse.send(wire.EventEnd, f.at.String(), viewJob(job))
}

// why tells the caller, if still there, and returns the reason itself.
func (f *feed) why(err error) error {
	if cause := context.Cause(f.ctx); cause != nil {
		err = cause
	}
	if !errors.Is(err, context.Canceled) {
		_ = f.sse.problem(err)
	}
	return err
}
