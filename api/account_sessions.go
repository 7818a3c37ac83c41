package api

import (
	"net/http"

	"glovebox/api/wire"
)

// sessions lists the caller's own.
func (h *handler) sessions(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	c := callerOf(r)
	all, err := h.Identity.Sessions(r.Context(), c)
	if err != nil {
		return err
	}
	view := wire.SessionList{}
	for _, v := range all {
		view.Sessions = append(view.Sessions, viewSession(v, c.Session.ID))
	}
	return writeJSON(w, http.StatusOK, view)
}

// endSession ends one of the caller's.
func (h *handler) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	return h.end(w, r, r.PathValue("id"))
}

// logout ends the session of this call.
func (h *handler) logout(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	return h.end(w, r, callerOf(r).Session.ID)
}

// end ends a session of the caller's.
func (h *handler) end(w http.ResponseWriter, r *http.Request, id string) error {
	c := callerOf(r)
	if err := h.Identity.EndSession(r.Context(), c, id); err != nil {
		return err
	}
	if id == c.Session.ID {
		forget(w)
	}
	return done(w)
}

// endSessions ends all of the caller's, this one too.
func (h *handler) endSessions(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	if err := h.Identity.EndAllSessions(r.Context(), callerOf(r)); err != nil {
		return err
	}
	forget(w)
	return done(w)
}
