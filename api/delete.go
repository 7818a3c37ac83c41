package api

import (
	"errors"
	"net/http"

	"glovebox"
	"glovebox/identity"
)

// deleteJob removes an archived job with all that is kept of it. With If-Match it
// does so only if the job is what the caller last saw.
func (h *handler) deleteJob(w http.ResponseWriter, r *http.Request) error {
	if err := errors.Join(params(r, nil).err(), wantNoBody(w, r)); err != nil {
		return err
	}
	job, err := h.find(r)
	if err != nil {
		return err
	}
	switch c := callerOf(r); {
	case r.Header.Get("If-Match") != "" && !matches(r, "If-Match", etag(job)):
		return glovebox.Errorf(glovebox.KindStale, "the job has changed").On("If-Match").Try("read it again")
	case job.Owner != c.Name && job.Status == glovebox.StatusArchived:
		if err := h.Allow(r.Context(), c, identity.ActionJobDeleteAny, job.ID); err != nil {
			return err
		}
	}
	if err := h.Service.Delete(r.Context(), principal(r), job.ID, job.Version); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
