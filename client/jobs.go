package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"glovebox"
	"glovebox/api/wire"
)

// Submit hands over a job and returns it as accepted. key makes the call safe
// to repeat, also by another process; if empty, a random one is used, so that
// this call can be repeated while control restarts.
func (c *Client) Submit(ctx context.Context, spec glovebox.Spec, key string) (Job, error) {
	r, err := submission(spec, key)
	if err != nil {
		return Job{}, err
	}
	var job Job
	err = c.call(ctx, r, &job)
	return job, err
}

func submission(spec glovebox.Spec, key string) (request, error) {
	if key == "" {
		key = glovebox.NewID("k")
	}
	r, err := request{method: http.MethodPost, path: "/v1/jobs"}.withJSON(wire.SpecOf(spec))
	return r.with("Idempotency-Key", key), err
}

// Job returns a job; KindNotFound.
func (c *Client) Job(ctx context.Context, id string) (Job, error) {
	path, err := jobPath(id, "")
	if err != nil {
		return Job{}, err
	}
	var job Job
	err = c.call(ctx, get(path, nil), &job)
	return job, err
}

// jobPath names a job's resource. An id that cannot be one must not become
// part of another path.
func jobPath(id, part string) (string, error) {
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return "", glovebox.Errorf(glovebox.KindNotFound, "there is no job %q", id).Try("list them with `glovebox jobs`")
		}
	}
	if id == "" {
		return "", glovebox.Errorf(glovebox.KindInvalid, "a job's id is needed").On("jobID")
	}
	return "/v1/jobs/" + id + part, nil
}

// List goes through the jobs, newest first, fetching pages as needed.
func (c *Client) List(ctx context.Context, f Filter) iter.Seq2[JobSummary, error] {
	return func(yield func(JobSummary, error) bool) {
		cursor := ""
		for {
			page, err := c.Page(ctx, f, cursor)
			if err != nil {
				yield(JobSummary{}, err)
				return
			}
			for _, j := range page.Jobs {
				if !yield(j, nil) {
					return
				}
			}
			if cursor = page.Next; cursor == "" {
				return
			}
		}
	}
}

// Page returns one page of the list; cursor is JobPage.Next of the one before.
func (c *Client) Page(ctx context.Context, f Filter, cursor string) (JobPage, error) {
	q := url.Values{}
	for _, s := range f.Statuses {
		q.Add("status", string(s))
	}
	for _, s := range f.Outcomes {
		q.Add("outcome", string(s))
	}
	for name, value := range f.Labels {
		q.Add("label", name+"="+value)
	}
	if !f.Since.IsZero() {
		q.Set("since", f.Since.Format(time.RFC3339Nano))
	}
	if !f.Until.IsZero() {
		q.Set("until", f.Until.Format(time.RFC3339Nano))
	}
	if f.PageSize != 0 {
		q.Set("limit", strconv.Itoa(f.PageSize))
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	var page JobPage
	err := c.call(ctx, get("/v1/jobs", q), &page)
	return page, err
}

// Cancel asks for a job to end and returns it as it is then. Cancelling a job
// that has ended is no error.
func (c *Client) Cancel(ctx context.Context, id string) (Job, error) {
	path, err := jobPath(id, "/cancel")
	if err != nil {
		return Job{}, err
	}
	var job Job
	err = c.call(ctx, request{method: http.MethodPost, path: path}, &job)
	return job, err
}

// DeleteJob removes an archived job with all that is kept of it. version is that
// which the caller last saw; 0 = whichever it has. KindNotFound; KindConflict if
// it is not archived; KindStale; KindDenied for another's job.
func (c *Client) DeleteJob(ctx context.Context, id string, version int64) error {
	path, err := jobPath(id, "")
	if err != nil {
		return err
	}
	r := request{method: http.MethodDelete, path: path}
	if version > 0 {
		r = r.with("If-Match", `"`+strconv.FormatInt(version, 10)+`"`)
	}
	return c.delete(ctx, r)
}

// waitTime is how long the server holds one question of Wait.
const waitTime = time.Minute

// Wait returns the job once it has come as far as until says, however long it takes.
func (c *Client) Wait(ctx context.Context, id string, until Until) (Job, error) {
	path, err := jobPath(id, "/wait")
	if err != nil {
		return Job{}, err
	}
	q := url.Values{"for": {string(until)}, "timeout": {waitTime.String()}}
	for {
		var job Job
		if err := c.call(ctx, get(path, q), &job); err != nil {
			return Job{}, err
		}
		if job.Status == glovebox.StatusArchived || until == Ended && job.Status.Ended() || until == Sealed && job.Output.Sealed {
			return job, nil
		}
	}
}
