package api

import (
	"net/http"

	"glovebox/api/wire"
)

// beginLogin challenges whoever has a passkey.
func (h *handler) beginLogin(w http.ResponseWriter, r *http.Request) error {
	var body struct{}
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	id, options, err := h.Identity.BeginLogin(r.Context())
	if err != nil {
		return err
	}
	return challenged(w, id, options.Response)
}

// finishLogin opens a session for who answered the challenge.
func (h *handler) finishLogin(w http.ResponseWriter, r *http.Request) error {
	var body wire.LoginRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	if err := checkDevice(body.Device); err != nil {
		return err
	}
	session, token, err := h.Identity.FinishLogin(r.Context(), body.ID, body.Response, body.Device)
	if err != nil {
		return err
	}
	return opened(w, session, token)
}

// codeLogin opens a recovery session for who has a recovery code.
func (h *handler) codeLogin(w http.ResponseWriter, r *http.Request) error {
	var body wire.CodeLoginRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	if err := checkDevice(body.Device); err != nil {
		return err
	}
	session, token, err := h.Identity.UseCode(r.Context(), body.Code, body.Device)
	if err != nil {
		return err
	}
	return opened(w, session, token)
}
