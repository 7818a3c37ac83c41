package identitytest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/descope/virtualwebauthn"
)

// Device is somebody's authenticator with one passkey, together with the
// browser that it is used in. It is not safe for concurrent use.
type Device struct {
	Origin string // that the browser says the page came from
	RPID   string // that the authenticator signs for

	NotVerified    bool   // the user was not verified (UV=0)
	NotPresent     bool   // nobody touched it (UP=0)
	BackupEligible bool   // BE; true at first, and may never change
	BackedUp       bool   // BS
	BogusSignature bool   // one bit of each signature is wrong
	Counter        uint32 // sign count of the last assertion; each adds one
	UserHandle     []byte // of the person, learned when registering

	auth virtualwebauthn.Authenticator
	cred virtualwebauthn.Credential
}

// NewDevice makes a device whose user visits pages of an origin, such as
// https://box.example:8443, for the relying party rpID, such as box.example.
func NewDevice(origin, rpID string) *Device {
	d := &Device{Origin: origin, RPID: rpID, BackupEligible: true, auth: virtualwebauthn.NewAuthenticator()}
	// The library drops leading zeros of coordinates, which makes a key that is
	// none; take one without.
	for d.cred.Key == nil || len(d.cred.Key.AttestationData()) != 77 {
		d.cred = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return d
}

// Clone is a copy of the device, private key and all, as a thief would have.
func (d *Device) Clone() *Device { c := *d; return &c }

// CredentialID is the passkey's, in base64url.
func (d *Device) CredentialID() string { return base64.RawURLEncoding.EncodeToString(d.cred.ID) }

// SetCredentialID makes the device use another id with the same key.
func (d *Device) SetCredentialID(id []byte) { d.cred.ID = id }

// Register answers creation options (JSON, with or without "publicKey" around
// them) as the browser's toJSON would.
func (d *Device) Register(options []byte) ([]byte, error) {
	o, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		return nil, fmt.Errorf("creation options: %w", err)
	}
	d.UserHandle = []byte(o.UserID)
	d.cred.Counter = d.Counter
	answer := []byte(virtualwebauthn.CreateAttestationResponse(d.party(), d.authenticator(), d.cred, *o))
	if d.BogusSignature {
		return Spoil(answer, "attestationObject", flipSignature)
	}
	return answer, nil
}

// Assert answers request options (JSON, with or without "publicKey" around
// them) as the browser's toJSON would.
func (d *Device) Assert(options []byte) ([]byte, error) {
	o, err := virtualwebauthn.ParseAssertionOptions(string(options))
	if err != nil {
		return nil, fmt.Errorf("request options: %w", err)
	}
	d.Counter++
	d.cred.Counter = d.Counter
	answer := []byte(virtualwebauthn.CreateAssertionResponse(d.party(), d.authenticator(), d.cred, *o))
	if d.BogusSignature {
		return Spoil(answer, "signature", func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
	}
	return answer, nil
}

func (d *Device) party() virtualwebauthn.RelyingParty {
	return virtualwebauthn.RelyingParty{ID: d.RPID, Name: "Glovebox", Origin: d.Origin}
}

func (d *Device) authenticator() virtualwebauthn.Authenticator {
	a := d.auth
	a.Options = virtualwebauthn.AuthenticatorOptions{
		UserHandle: d.UserHandle, UserNotPresent: d.NotPresent, UserNotVerified: d.NotVerified,
		BackupEligible: d.BackupEligible, BackupState: d.BackedUp,
	}
	return a
}

// Spoil changes one member of an answer's response, such as "clientDataJSON":
// change gets its bytes.
func Spoil(answer []byte, member string, change func([]byte) []byte) ([]byte, error) {
	var whole map[string]any
	if err := json.Unmarshal(answer, &whole); err != nil {
		return nil, err
	}
	in, _ := whole["response"].(map[string]any)
	text, ok := in[member].(string)
	if !ok {
		return nil, fmt.Errorf("the answer has no %s", member)
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	in[member] = base64.RawURLEncoding.EncodeToString(change(raw))
	return json.Marshal(whole)
}
