package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"glovebox"
	"glovebox/api/wire"
)

// keyLife is how long a repeated submit finds the job of the first.
const keyLife = 24 * time.Hour

// submit accepts a job: 202 with the job or, if the caller wants events, 200
// and the job's events from its beginning to its end.
func (h *handler) submit(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	var body wire.Spec
	if err := decode(w, r, &body); err != nil {
		return err
	}
	key, err := h.idempotencyKey(r, body)
	if err != nil {
		return err
	}
	job, fresh, err := h.accept(r, body.Spec(), key)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/jobs/"+job.ID)
	if !fresh {
		w.Header().Set(headerReplayed, "true")
	}
	if wantsEvents(r) {
		return h.streamEvents(w, r, job, position{})
	}
	w.Header().Set("ETag", etag(job))
	return writeJSON(w, http.StatusAccepted, viewJob(job))
}

// accept submits a job, with the approval that the caller names if there is one.
func (h *handler) accept(r *http.Request, spec glovebox.Spec, key *glovebox.IdempotencyKey) (glovebox.Job, bool, error) {
	none := glovebox.Job{}
	approval, err := h.approvalNamed(r)
	if err != nil {
		return none, false, err
	}
	if approval == "" {
		if err := h.mayTrust(r, spec); err != nil {
			return none, false, err
		}
		return h.Service.Submit(r.Context(), proven(r), spec, key)
	}
	again := ""
	if key != nil {
		again = key.Key
	}
	signed, err := h.Approvals.TakeApproval(r.Context(), callerOf(r), approval, again, spec)
	if err != nil {
		return none, false, err
	}
	return h.Service.SubmitApproved(r.Context(), proven(r), spec, key, signed)
}

// approvalNamed is the approval that the caller names; "" if none.
func (h *handler) approvalNamed(r *http.Request) (string, error) {
	given := r.Header.Values(headerApproval)
	switch {
	case len(given) == 0:
		return "", nil
	case h.Approvals == nil:
		return "", glovebox.Errorf(glovebox.KindInvalid, "there are no approvals here").On(headerApproval).Try("leave it out")
	case len(given) > 1:
		return "", glovebox.Errorf(glovebox.KindDuplicateField, "given twice").On(headerApproval).Try("give it once")
	case !plainID(given[0]):
		return "", glovebox.Errorf(glovebox.KindInvalid, "not an approval's id").On(headerApproval).Try("ask for one with POST /v1/approvals")
	}
	return given[0], nil
}

// idempotencyKey reads the header, nil without one. The fingerprint is of what
// the body means, so another order of fields is still the same request.
func (h *handler) idempotencyKey(r *http.Request, body wire.Spec) (*glovebox.IdempotencyKey, error) {
	key, err := idempotencyHeader(r)
	if key == "" || err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte("POST /v1/jobs\n"), encode(body)...))
	// A key is one caller's: nobody can use up another one's by guessing it.
	key = principal(r).Name + " " + key
	return &glovebox.IdempotencyKey{Key: key, Fingerprint: hex.EncodeToString(sum[:]), Expires: h.Now().Add(keyLife)}, nil
}

// idempotencyHeader returns the key, empty without one.
func idempotencyHeader(r *http.Request) (string, error) {
	given := r.Header.Values(headerKey)
	switch {
	case len(given) == 0:
		return "", nil
	case len(given) > 1:
		return "", glovebox.Errorf(glovebox.KindDuplicateField, "given twice").On(headerKey).Try("give it once")
	}
	key := given[0]
	if key == "" || len(key) > 255 || strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' }) {
		return "", glovebox.Errorf(glovebox.KindInvalid, "not a key").On(headerKey).Try("use 1 to 255 printable ASCII characters, such as a UUID")
	}
	return key, nil
}
