package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/output"
)

// events streams what happens to a job, from where the caller was.
func (h *handler) events(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	from, err := positionOf(r)
	if err != nil {
		return err
	}
	job, err := h.find(r)
	if err != nil {
		return err
	}
	if from.attempt > job.Attempt || from.version > job.Version ||
		from.attempt == job.Attempt && (from.stdout > job.Output.Stdout || from.stderr > job.Output.Stderr) {
		return glovebox.Errorf(glovebox.KindInvalid, "that event has not happened").On("Last-Event-ID").Try("give the id of the last event you have, or none")
	}
	return h.streamEvents(w, r, job, from)
}

// streamEvents sends the job, then its changes and its output as they come,
// and "end" when there will be no more.
func (h *handler) streamEvents(w http.ResponseWriter, r *http.Request, job glovebox.Job, from position) error {
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	f := &feed{
		follower: follower{service: h.Service, caller: principal(r)},
		logs:     h.Logs, ctx: ctx, fail: cancel, sse: newSSE(w), at: from,
	}
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", eventType)
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if err := f.sse.begin(); err != nil {
		return err
	}
	return f.run(job)
}

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
		case job.Attempt == 0:
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
		readers.Go(func() { f.stream(job, s, over) })
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
func (f *feed) stream(job glovebox.Job, s output.Stream, over <-chan struct{}) {
	t := tail{logs: f.logs, job: job.ID, attempt: job.Attempt, stream: s, offset: f.offset(s)}
	err := t.follow(f.ctx, over, func(p []byte) error {
		offset := t.offset
		for part := range slices.Chunk(p, eventBytes) {
			if err := f.data(s, offset, part); err != nil {
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
