package api

import (
	"context"
	"slices"
	"sync"
	"time"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/output"
)

// feed turns a job's life into events. One goroutine watches the job, two read
// its output, one keeps the connection warm; the position is theirs together.
type feed struct {
	follower
	logs Logs
	ctx  context.Context
	fail context.CancelCauseFunc // ends everything, with the reason
	sse  *sse

	mu    sync.Mutex // held while an event is sent, so that ids only grow
	at    position
	shown wire.Job
}

// run returns when the end event is out, or with what went wrong.
func (f *feed) run(job glovebox.Job) error {
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer f.fail(context.Canceled)
	helpers.Go(f.ping)
	for {
		if err := f.change(job); err != nil {
			return err
		}
		var err error
		switch {
		case job.Attempt == 0 && job.Status.Ended():
			return f.end(job)
		case job.Attempt == 0 || job.Status == glovebox.StatusPending:
			job, err = f.service.Watch(f.ctx, f.caller, job.ID, job.Version)
		default:
			var done bool
			if job, done, err = f.attempt(job); done {
				return f.end(job)
			}
		}
		if err != nil {
			return f.why(err)
		}
	}
}

// attempt sends the output of the job's present attempt and the job's changes
// meanwhile. done says that the job has ended and its output is complete.
func (f *feed) attempt(job glovebox.Job) (now glovebox.Job, done bool, err error) {
	f.begin(job.Attempt)
	over := make(chan struct{})
	complete := make(chan struct{})
	var readers sync.WaitGroup
	defer readers.Wait()
	for _, s := range []output.Stream{output.Stdout, output.Stderr} {
		t := &tail{logs: f.logs, job: job.ID, attempt: job.Attempt, stream: s, offset: f.offset(s)}
		readers.Go(func() { f.stream(t, over) })
	}
	go func() { readers.Wait(); close(complete) }()

	for attempt := job.Attempt; !finished(job, attempt); {
		if job.Status.Ended() && closed(complete) {
			return job, true, nil
		}
		next, err := f.next(job, complete)
		if err != nil {
			f.fail(err)
			return job, false, err
		}
		if next.Attempt == attempt {
			if err := f.change(next); err != nil {
				f.fail(err)
				return job, false, err
			}
		}
		job = next
	}
	close(over)
	<-complete
	return job, job.Status.Ended(), f.ctx.Err()
}

// next waits for the job to change or, once it has ended, for its output to be
// complete. Then it returns the job as it is.
func (f *feed) next(job glovebox.Job, complete <-chan struct{}) (glovebox.Job, error) {
	if !job.Status.Ended() {
		return f.service.Watch(f.ctx, f.caller, job.ID, job.Version)
	}
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-complete:
			cancel()
		case <-ctx.Done():
		}
	}()
	next, err := f.service.Watch(ctx, f.caller, job.ID, job.Version)
	cancel()
	<-watched
	if err != nil && closed(complete) && f.ctx.Err() == nil {
		return f.service.Job(f.ctx, f.caller, job.ID)
	}
	return next, err
}

// eventBytes is how much output one event holds at most: what a broken
// connection makes the server send again.
const eventBytes = 48 << 10

// stream sends the events of one stream. A failure ends the feed.
func (f *feed) stream(t *tail, over <-chan struct{}) {
	err := t.follow(f.ctx, over, func(p []byte) error {
		offset := t.offset
		for part := range slices.Chunk(p, eventBytes) {
			if err := f.data(t.stream, offset, part); err != nil {
				return err
			}
			offset += int64(len(part))
		}
		return nil
	})
	if err != nil {
		f.fail(err)
	}
}

func (f *feed) ping() {
	tick := time.NewTicker(pingTime)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := f.sse.ping(); err != nil {
				f.fail(err)
				return
			}
		case <-f.ctx.Done():
			return
		}
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
