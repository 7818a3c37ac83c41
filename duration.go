package glovebox

import (
	"encoding/json"
	"time"
)

// Duration is a time.Duration that travels as text in Go's form, such as
// "90s" or "1h30m".
type Duration time.Duration

// MarshalText writes the shortest form.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads Go's form; anything else is KindInvalid.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return Errorf(KindInvalid, "%q is not a duration", string(b)).Try(`write it like "30s", "5m" or "1h30m"`)
	}
	*d = Duration(v)
	return nil
}

// MarshalJSON writes a string, never a number whose unit one has to guess.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }
