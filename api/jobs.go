package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"glovebox"
	"glovebox/api/wire"
)

// job answers with one job, or 304 if the caller has it.
func (h *handler) job(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	job, err := h.find(r)
	if err != nil {
		return err
	}
	tag := etag(job)
	w.Header().Set("ETag", tag)
	if matches(r, "If-None-Match", tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeJSON(w, http.StatusOK, viewJob(job))
}

// find returns the job that the path names, with live sizes.
func (h *handler) find(r *http.Request) (glovebox.Job, error) {
	id := r.PathValue("id")
	unknown := glovebox.Errorf(glovebox.KindNotFound, "there is no such job").Try("list them with GET /v1/jobs")
	if !plainID(id) {
		return glovebox.Job{}, unknown
	}
	job, err := h.Service.Job(r.Context(), principal(r), id)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return glovebox.Job{}, unknown // in one wording, whether it is another tenant's or nobody's
	}
	if err != nil {
		return glovebox.Job{}, err
	}
	return h.live(r.Context(), job)
}

// live fills in how much a job has written so far, if that is still growing.
func (h *handler) live(ctx context.Context, job glovebox.Job) (glovebox.Job, error) {
	if job.Output.Sealed || job.Attempt == 0 {
		return job, nil
	}
	sizes, err := h.Logs.Sizes(ctx, job.ID, job.Attempt)
	if err != nil {
		return glovebox.Job{}, err
	}
	job.Output.Stdout, job.Output.Stderr, job.Output.Events = sizes.Stdout.Bytes, sizes.Stderr.Bytes, sizes.Events.Bytes
	return job, nil
}

func (h *handler) jobs(w http.ResponseWriter, r *http.Request) error {
	q := params(r, []string{"since", "until", "limit", "cursor"}, "status", "outcome", "label")
	filter := glovebox.JobFilter{
		Tenant: principal(r).Tenant, Since: q.moment("since"), Until: q.moment("until"),
		Limit: int(q.number("limit", 100, 1, 1000)), Cursor: q.text("cursor"),
		Statuses: q.statuses("status", glovebox.Statuses()), Outcomes: q.statuses("outcome", outcomes), Labels: labels(q),
	}
	if err := q.err(); err != nil {
		return err
	}
	page, err := h.Service.List(r.Context(), principal(r), filter)
	if err != nil {
		return err
	}
	view := wire.JobPage{Jobs: make([]wire.JobSummary, len(page.Jobs)), Next: page.Next}
	for i := range page.Jobs {
		view.Jobs[i] = summary(page.Jobs[i])
	}
	return writeJSON(w, http.StatusOK, view)
}

// outcomes are the ends that a job can come to.
var outcomes = []glovebox.Status{glovebox.StatusCompleted, glovebox.StatusFailed, glovebox.StatusCancelled}

// statuses reads a parameter that may be repeated; each value is one of known.
func (q *query) statuses(name string, known []glovebox.Status) []glovebox.Status {
	var all []glovebox.Status
	for _, v := range q.values[name] {
		s := glovebox.Status(v)
		if !slices.Contains(known, s) {
			q.fail(glovebox.Errorf(glovebox.KindInvalid, "%q is not one of the choices", clip(v)).On(name).
				Try("use %s; give the parameter again for each more", strings.Join(names(known), ", ")))
		}
		all = append(all, s)
	}
	return all
}

func names(all []glovebox.Status) []string {
	var names []string
	for _, s := range all {
		names = append(names, string(s))
	}
	return names
}

func labels(q *query) map[string]string {
	given := q.values["label"]
	if len(given) == 0 {
		return nil
	}
	all := make(map[string]string, len(given))
	for _, v := range given {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" || len(v) > 2*glovebox.MaxLabelBytes+1 {
			q.fail(glovebox.Errorf(glovebox.KindInvalid, "%q is not a label", clip(v)).On("label").Try("write it name=value"))
		}
		if _, twice := all[name]; twice {
			q.fail(glovebox.Errorf(glovebox.KindDuplicateField, "%q is given twice", clip(name)).On("label").Try("give each name once"))
		}
		all[name] = value
	}
	if len(all) > glovebox.MaxLabels {
		q.fail(glovebox.Errorf(glovebox.KindTooLarge, "%d labels", len(all)).On("label").Try("at most %d", glovebox.MaxLabels))
	}
	return all
}

// cancel asks for a job to end. With If-Match it does so only if the job is
// what the caller last saw.
func (h *handler) cancel(w http.ResponseWriter, r *http.Request) error {
	if err := errors.Join(params(r, nil).err(), wantNoBody(w, r)); err != nil {
		return err
	}
	job, err := h.find(r)
	if err != nil {
		return err
	}
	if r.Header.Get("If-Match") != "" && !matches(r, "If-Match", etag(job)) {
		return glovebox.Errorf(glovebox.KindStale, "the job has changed").On("If-Match").Try("read it again")
	}
	if job, err = h.Service.Cancel(r.Context(), principal(r), job.ID); err != nil {
		return err
	}
	if job, err = h.live(r.Context(), job); err != nil {
		return err
	}
	w.Header().Set("ETag", etag(job))
	return writeJSON(w, http.StatusOK, viewJob(job))
}

// wait answers when the job has come as far as the caller asks, or with the
// job as it is when the time is over.
func (h *handler) wait(w http.ResponseWriter, r *http.Request) error {
	q := params(r, []string{"for", "timeout"})
	until := wire.Until(q.oneOf("for", string(wire.Ended), string(wire.Sealed), string(wire.Archived)))
	timeout := q.duration("timeout", 30*time.Second, pieceTime-time.Minute)
	if err := q.err(); err != nil {
		return err
	}
	job, err := h.find(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	for !reached(job, until) {
		next, err := h.Service.Watch(ctx, principal(r), job.ID, job.Version)
		if ctx.Err() != nil && r.Context().Err() == nil {
			break
		}
		if err != nil {
			return err
		}
		job = next
	}
	if job, err = h.live(r.Context(), job); err != nil {
		return err
	}
	w.Header().Set("ETag", etag(job))
	return writeJSON(w, http.StatusOK, viewJob(job))
}

func reached(j glovebox.Job, until wire.Until) bool {
	return j.Status == glovebox.StatusArchived || until == wire.Ended && j.Status.Ended() || until == wire.Sealed && j.Output.Sealed
}
