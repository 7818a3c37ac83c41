package api

import (
	"net/http"
	"strings"

	"glovebox/api/wire"
)

// inspectLink says what a one-time link is for.
func (h *handler) inspectLink(w http.ResponseWriter, r *http.Request) error {
	var body wire.LinkRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	l, err := h.Identity.LinkInfo(r.Context(), body.Token)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.LinkInfo{
		Purpose: string(l.Purpose), Tenant: l.Tenant, Role: string(l.Role), Name: l.Name, Until: l.Until,
	})
}

// beginEnrol challenges the holder of a link to make a passkey.
func (h *handler) beginEnrol(w http.ResponseWriter, r *http.Request) error {
	var body wire.EnrolRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	id, options, err := h.Identity.BeginEnrol(r.Context(), body.Token, body.Name, body.Passkey)
	if err != nil {
		return err
	}
	return challenged(w, id, options.Response)
}

// finishEnrol uses the link up for who answered the challenge.
func (h *handler) finishEnrol(w http.ResponseWriter, r *http.Request) error {
	var body wire.LoginRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	if err := checkDevice(body.Device); err != nil {
		return err
	}
	session, token, err := h.Identity.FinishEnrol(r.Context(), body.ID, body.Response, body.Device)
	if err != nil {
		return err
	}
	return opened(w, session, token)
}

// page is the URL of one of our pages.
func (h *handler) page(path string) string { return strings.TrimSuffix(h.PublicURL, "/") + path }

// enrolURL is where a link's holder goes. Fragments are not sent to servers,
// so the token is in no log on the way.
func (h *handler) enrolURL(token string) string { return h.page("/enrol#" + token) }
