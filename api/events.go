package api

import (
	"context"
	"net/http"

	"glovebox"
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
