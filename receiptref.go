package glovebox

// ReceiptRef names a job's receipt: the signed statement of what ran, under
// which policy, with which result, and that nothing is left. Blobs keep its
// bytes. The zero value is that of a service that gives none.
type ReceiptRef struct {
	Digest string `json:"digest"` // "sha256:…" of its bytes
	Size   int64  `json:"size"`   // of them
	KeyID  string `json:"keyID"`  // of the key that it is signed with
}
