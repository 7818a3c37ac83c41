package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"glovebox"
)

// Sum is "sha256:…" over the canonical JSON (RFC 8785) of a completed policy. It
// is what people sign, and what the audit log tells policies apart by.
func Sum(p glovebox.Policy) string {
	data, err := json.Marshal(p)
	spelled := jsontext.Value(data)
	if err == nil {
		err = spelled.Canonicalize()
	}
	if err != nil {
		panic(err) // a completed policy is strings and numbers
	}
	sum := sha256.Sum256(spelled)
	return "sha256:" + hex.EncodeToString(sum[:])
}
