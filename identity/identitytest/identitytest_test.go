package identitytest

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
)

// TestKnobs: what a device does wrong is really wrong with its answers.
func TestKnobs(t *testing.T) {
	options := []byte(`{"challenge":"AAAA","rp":{"id":"box.example","name":"x"},"user":{"id":"AAAA","name":"x","displayName":"x"}}`)
	for name, c := range map[string]struct {
		spoil func(*Device)
		bad   bool
	}{
		"right":           {func(*Device) {}, false},
		"wrong origin":    {func(d *Device) { d.Origin = "https://evil.example" }, true},
		"wrong party":     {func(d *Device) { d.RPID = "evil.example" }, true},
		"not verified":    {func(d *Device) { d.NotVerified = true }, true},
		"not present":     {func(d *Device) { d.NotPresent = true }, true},
		"bogus signature": {func(d *Device) { d.BogusSignature = true }, true},
		"backed up":       {func(d *Device) { d.BackedUp = true }, false},
	} {
		d := NewDevice("https://box.example", "box.example")
		c.spoil(d)
		answer, err := d.Register(options)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
		if err == nil {
			_, err = parsed.Verify("AAAA", "box.example", []string{"https://box.example"}, nil, nil, protocol.TopOriginExplicitVerificationMode,
				false, true, true, nil, []protocol.CredentialParameter{{Type: "public-key", Algorithm: -7}}, protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
		}
		if (err != nil) != c.bad {
			t.Errorf("%s: %v", name, err)
		}
		if flags := parsed.Response.AttestationObject.AuthData.Flags; flags.HasBackupEligible() != d.BackupEligible || flags.HasBackupState() != d.BackedUp {
			t.Errorf("%s: flags %b", name, flags)
		}
	}
}

func TestSpoil(t *testing.T) {
	d := NewDevice("https://box.example", "box.example")
	answer, err := d.Assert([]byte(`{"publicKey":{"challenge":"AAAA"}}`))
	if err != nil {
		t.Fatal(err)
	}
	spoilt, err := Spoil(answer, "clientDataJSON", func(b []byte) []byte { return bytes.ToUpper(b) })
	if err != nil || !json.Valid(spoilt) || bytes.Equal(spoilt, answer) || d.Counter != 1 {
		t.Errorf("%v: %s", err, spoilt)
	}
	if _, err := Spoil(answer, "nothing", bytes.ToUpper); err == nil {
		t.Error("a member that is not there was spoilt")
	}
}
