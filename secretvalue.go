package glovebox

import (
	"bytes"
	"fmt"
	"log/slog"
)

// SecretValue is bytes that must not get anywhere by accident: it prints, logs
// and encodes as Redacted, also as a part of something else. The zero value is
// empty.
type SecretValue struct {
	// What is behind a function, fmt and reflection cannot print, not even
	// where they do not call methods.
	reveal func() []byte
}

// Redacted stands for a secret's value where it would have been shown.
const Redacted = "[redacted]"

// NewSecretValue keeps a copy of b.
func NewSecretValue(b []byte) SecretValue {
	kept := bytes.Clone(b)
	return SecretValue{func() []byte { return kept }}
}

// Reveal returns the bytes, which the caller must not change, print or keep.
func (v SecretValue) Reveal() []byte {
	if v.reveal == nil {
		return nil
	}
	return v.reveal()
}

// Len is how many bytes there are.
func (v SecretValue) Len() int { return len(v.Reveal()) }

// Format implements fmt.Formatter, for every verb.
func (v SecretValue) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Redacted)) }

// String implements fmt.Stringer.
func (v SecretValue) String() string { return Redacted }

// GoString implements fmt.GoStringer.
func (v SecretValue) GoString() string { return Redacted }

// LogValue implements slog.LogValuer.
func (v SecretValue) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalText implements encoding.TextMarshaler, and so what JSON, XML and
// YAML hold of it.
func (v SecretValue) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// MarshalJSON implements json.Marshaler.
func (v SecretValue) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// UnmarshalJSON implements json.Unmarshaler: a value comes from nowhere but
// NewSecretValue, so that what was redacted is not taken for one.
func (v *SecretValue) UnmarshalJSON([]byte) error {
	return Errorf(KindInvalid, "a secret's value is not read from JSON")
}
