package wire

// Receipt names a job's receipt.
type Receipt struct {
	Digest string `json:"digest" example:"sha256:0f…" doc:"Of its bytes; the ETag of GET /v1/jobs/{id}/receipt"`
	Size   int64  `json:"size" doc:"Bytes"`
	KeyID  string `json:"keyID" doc:"Of the key that it is signed with"`
}

// ReceiptKey is the public half of a key that receipts are signed with, as a
// JWK (RFC 8037).
type ReceiptKey struct {
	Type      string `json:"kty" enum:"OKP"`
	Curve     string `json:"crv" enum:"Ed25519"`
	X         string `json:"x" doc:"The key, base64url"`
	ID        string `json:"kid" doc:"Its thumbprint (RFC 7638)"`
	Algorithm string `json:"alg" enum:"EdDSA"`
	Use       string `json:"use" enum:"sig"`
}

// ReceiptKeys is the answer of GET /v1/receipts/keys.
type ReceiptKeys struct {
	Keys []ReceiptKey `json:"keys" nullable:"false" doc:"All that there ever were, the one that signs now last"`
}

// ReceiptEnvelope is a receipt: a DSSE envelope. It is kept and sent byte for
// byte as it was signed, and read by whoever checks it.
type ReceiptEnvelope struct {
	PayloadType string             `json:"payloadType" enum:"application/vnd.in-toto+json"`
	Payload     []byte             `json:"payload" doc:"The statement, as of /v1/receipts/schema"`
	Signatures  []ReceiptSignature `json:"signatures" nullable:"false" minItems:"1" maxItems:"1"`
}

// ReceiptSignature is over DSSE's encoding of type and payload.
type ReceiptSignature struct {
	KeyID string `json:"keyid"`
	Sig   []byte `json:"sig" doc:"Ed25519"`
}
