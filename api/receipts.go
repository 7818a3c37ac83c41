package api

import (
	"context"
	"encoding/base64"
	"net/http"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/receipt"
)

// Receipts keeps what was signed about jobs.
type Receipts interface {
	// Read returns the bytes of a job's receipt. KindConflict while the job is
	// not archived; KindNotFound if it has none.
	Read(ctx context.Context, job glovebox.Job) ([]byte, error)
	// Public lists the keys that receipts are signed with, the one of now last.
	Public() []receipt.Key
	// Rotate makes a new key, which signs from then on, and leaves an audit
	// event.
	Rotate(ctx context.Context, actor glovebox.Principal) (receipt.Key, error)
}

// receipt answers with the bytes that were signed, and nothing around them.
func (h *handler) receipt(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	job, err := h.find(r)
	if err != nil {
		return err
	}
	text, err := h.Receipts.Read(r.Context(), job)
	if err != nil {
		return err
	}
	tag := ""
	if job.Receipt != nil {
		tag = `"` + job.Receipt.Digest + `"`
		w.Header().Set("ETag", tag)
	}
	if tag != "" && matches(r, "If-None-Match", tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Type", receipt.MediaType)
	_, _ = w.Write(text) // the caller may be gone; nobody else to tell
	return nil
}

func (h *handler) receiptKeys(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	view := wire.ReceiptKeys{Keys: []wire.ReceiptKey{}}
	for _, k := range h.Receipts.Public() {
		view.Keys = append(view.Keys, viewReceiptKey(k))
	}
	return writeJSON(w, http.StatusOK, view)
}

func (h *handler) receiptSchema(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	w.Header().Set("Content-Type", schemaType)
	_, _ = w.Write(receipt.Schema) // the caller may be gone; nobody else to tell
	return nil
}

func (h *handler) rotateReceiptKey(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	k, err := h.Receipts.Rotate(r.Context(), principal(r))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewReceiptKey(k))
}

func viewReceiptKey(k receipt.Key) wire.ReceiptKey {
	return wire.ReceiptKey{
		Type: "OKP", Curve: "Ed25519", X: base64.RawURLEncoding.EncodeToString(k.Public), ID: k.ID, Algorithm: "EdDSA", Use: "sig",
	}
}

func viewReceipt(ref *glovebox.ReceiptRef) *wire.Receipt {
	if ref == nil || ref.Digest == "" {
		return nil
	}
	return &wire.Receipt{Digest: ref.Digest, Size: ref.Size, KeyID: ref.KeyID}
}
