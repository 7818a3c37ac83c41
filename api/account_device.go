package api

import (
	"net/http"
	"time"

	"glovebox/api/wire"
	"glovebox/identity"
)

// beginDevice lets a program without a browser wait for its owner.
func (h *handler) beginDevice(w http.ResponseWriter, r *http.Request) error {
	var body wire.DeviceRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	d, err := h.Identity.BeginDevice(r.Context(), proofOf(r), body.Name, sourceOf(r))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Device{
		DeviceCode: d.Token, UserCode: d.Code, VerificationURL: h.page("/device"),
		Interval: int(identity.DeviceInterval / time.Second), ExpiresAt: d.Until,
	})
}

// device shows the owner what waits under a code.
func (h *handler) device(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	d, err := h.Identity.Device(r.Context(), callerOf(r), r.PathValue("code"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.DeviceInfo{
		ID: d.ID, Name: d.Name, From: d.From, Until: d.Until, Operation: viewOperation(identity.DeviceOperation(d)),
	})
}

// approveDevice lets in the device under a code. If another one has taken the
// code over since it was shown, the signature is for another operation.
func (h *handler) approveDevice(w http.ResponseWriter, r *http.Request) error {
	var body wire.SignedRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	c := callerOf(r)
	d, err := h.Identity.Device(r.Context(), c, r.PathValue("code"))
	if err != nil {
		return err
	}
	signed, err := h.signed(r, body.Signature, identity.DeviceOperation(d))
	if err != nil {
		return err
	}
	if err := h.Identity.ApproveDevice(r.Context(), c, d, signed); err != nil {
		return err
	}
	return done(w)
}

// cliCode makes the code that a page hands to a program on its own machine.
func (h *handler) cliCode(w http.ResponseWriter, r *http.Request) error {
	var body wire.CLICodeRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	code, err := h.Identity.ApproveCode(r.Context(), callerOf(r), body.Challenge, body.RedirectURI, body.Name)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.CLICode{Code: code})
}
