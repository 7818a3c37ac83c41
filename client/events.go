package client

import (
	"context"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"glovebox"
	"glovebox/api/wire"
)

// Events follows a job: its changes and its output as they happen, ending with
// EventEnd or an error. after is the ID of the last event seen, "" for all.
// An event's Data is its own; nothing is read ahead of the loop.
func (c *Client) Events(ctx context.Context, id string, after string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		path, err := jobPath(id, "/events")
		if err != nil {
			yield(Event{}, err)
			return
		}
		f := following{client: c, trier: c.trier(ctx), ctx: ctx, path: path, after: after, yield: yield}
		f.run()
	}
}

// Run is Submit and Events in one request: the first event holds the job as
// accepted, the last is EventEnd. The sequence ends after that, or with an error.
func (c *Client) Run(ctx context.Context, spec glovebox.Spec, key string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		first, err := submission(spec, key)
		if err != nil {
			yield(Event{}, err)
			return
		}
		f := following{client: c, trier: c.trier(ctx), ctx: ctx, first: &first, yield: yield}
		f.run()
	}
}

// following reads events over as many connections as it takes.
type following struct {
	client *Client
	trier  *trier
	ctx    context.Context
	first  *request // submits, until the job is known
	path   string
	after  string
	yield  func(Event, error) bool
}

func (f *following) run() {
	for {
		done, err := f.connection()
		if done {
			return
		}
		if err := f.trier.again(err); err != nil {
			f.yield(Event{}, err)
			return
		}
	}
}

// connection reads events until the end, the caller has enough, or an error.
func (f *following) connection() (done bool, err error) {
	resp, err := f.client.send(f.ctx, f.request().with("Accept", "text/event-stream"))
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	opened := time.Now()
	events := newEventReader(resp.Body)
	for {
		m, err := events.next()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF // the end is an event
		}
		if err != nil {
			f.trier.lasted(opened)
			return false, f.client.transportError(f.ctx, err)
		}
		e, err := f.event(m)
		if err != nil {
			return false, err
		}
		f.trier.progressed()
		if !f.yield(e, nil) || e.Type == EventEnd {
			return true, nil
		}
	}
}

// request submits until the job is known, and then asks for the rest.
func (f *following) request() request {
	if f.path == "" {
		return *f.first
	}
	r := get(f.path, nil)
	if f.after != "" {
		r = r.with("Last-Event-ID", f.after)
	}
	return r
}

func (f *following) event(m message) (Event, error) {
	e := Event{ID: m.id, Type: m.kind}
	var err error
	switch m.kind {
	case EventStdout, EventStderr:
		err = json.Unmarshal(m.data, &e.Data)
	case EventJob, EventEnd:
		e.Job = new(Job)
		err = json.Unmarshal(m.data, e.Job)
	case wire.EventError:
		return e, problemEvent(m.data)
	}
	if err != nil {
		return e, glovebox.Errorf(glovebox.KindInternal, "reading the server's event: %w", err).Try("is the server of the same version?")
	}
	if e.Job != nil && f.path == "" {
		if f.path, err = jobPath(e.Job.ID, "/events"); err != nil {
			return e, err
		}
	}
	f.after = m.id
	return e, nil
}

// problemEvent is the error that an error event tells of. That the server is
// not available now is worth coming back.
func problemEvent(data []byte) error {
	var p wire.Problem
	if err := json.Unmarshal(data, &p); err != nil || p.Kind == "" {
		return glovebox.Errorf(glovebox.KindInternal, "the server broke off")
	}
	if p.Status == http.StatusServiceUnavailable && p.Kind == glovebox.KindUnavailable {
		return &busy{asError(p)}
	}
	return asError(p)
}
