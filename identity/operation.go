package identity

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"glovebox"
)

const maxOperation = 64 << 10

// Operation is exactly what a person agrees to with a passkey.
type Operation struct {
	Action     Action          `json:"action"`
	Resource   string          `json:"resource,omitempty"`   // id of what is acted on
	Version    string          `json:"version,omitempty"`    // of the resource, such as its ETag
	Parameters json.RawMessage `json:"parameters,omitempty"` // everything else that matters
	Tenant     string          `json:"tenant,omitempty"`     // set by BeginStepUp
	Person     string          `json:"person,omitempty"`     // set by BeginStepUp
}

// Canonical is the one spelling of o: RFC 8785, so that anybody's program in
// any language makes the same bytes. Duplicate names have no spelling.
func (o Operation) Canonical() ([]byte, error) {
	if len(o.Parameters) > maxOperation {
		return nil, glovebox.Errorf(glovebox.KindTooLarge, "an operation has at most %d bytes", maxOperation).On("parameters")
	}
	if len(o.Parameters) == 0 {
		o.Parameters = json.RawMessage("{}")
	}
	parameters, err := canonical(o.Parameters)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "not JSON: %w", err).On("parameters")
	}
	o.Parameters = parameters
	data, err := json.Marshal(o)
	if err == nil {
		data, err = canonical(data)
	}
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "operation: %w", err)
	}
	return data, nil
}

// canonical is the one spelling of a JSON value by RFC 8785.
func canonical(data []byte) ([]byte, error) {
	v := jsontext.Value(bytes.Clone(data))
	err := v.Canonicalize()
	return v, err
}

// Challenge is what the authenticator signs for o: SHA-256 over a fixed text,
// the nonce and the canonical operation. The nonce makes every challenge
// another one; it is kept with the signature.
func (o Operation) Challenge(nonce []byte) ([]byte, error) {
	canonical, err := o.Canonical()
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	h.Write([]byte("glovebox operation v1\n"))
	h.Write(nonce)
	h.Write(canonical)
	return h.Sum(nil), nil
}

// equal says whether two operations are spelled alike.
func (o Operation) equal(other Operation) bool {
	a, errA := o.Canonical()
	b, errB := other.Canonical()
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// operation makes one with a value as its parameters.
func operation(a Action, resource string, parameters any) Operation {
	data, err := json.Marshal(parameters)
	if err != nil {
		panic(err) // only called with structs of strings and numbers
	}
	return Operation{Action: a, Resource: resource, Parameters: data}
}
