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
	key, err := idempotencyKey(r, body)
	if err != nil {
		return err
	}
	p := principal(r)
	job, fresh, err := h.Service.Submit(r.Context(), p, body.Spec(), key)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/jobs/"+job.ID)
	if !fresh {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	if wantsEvents(r) {
		return h.streamEvents(w, r, job, position{})
	}
	w.Header().Set("ETag", etag(job))
	return writeJSON(w, http.StatusAccepted, viewJob(job))
}

// idempotencyKey reads the header, nil without one. The fingerprint is of what
// the body means, so another order of fields is still the same request.
func idempotencyKey(r *http.Request, body wire.Spec) (*glovebox.IdempotencyKey, error) {
	given := r.Header.Values("Idempotency-Key")
	switch {
	case len(given) == 0:
		return nil, nil
	case len(given) > 1:
		return nil, glovebox.Errorf(glovebox.KindDuplicateField, "given twice").On("Idempotency-Key").Try("give it once")
	}
	key := given[0]
	if key == "" || len(key) > 255 || strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' }) {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "not a key").On("Idempotency-Key").Try("use 1 to 255 printable ASCII characters, such as a UUID")
	}
	sum := sha256.Sum256(append([]byte("POST /v1/jobs\n"), encode(body)...))
	return &glovebox.IdempotencyKey{Key: key, Fingerprint: hex.EncodeToString(sum[:]), Expires: time.Now().Add(keyLife)}, nil
}
