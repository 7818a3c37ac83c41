package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Passkey is a credential of a person. Its id is the SHA-256 of the credential
// id, which may be too long for a document's key; so no credential can be
// registered twice.
type Passkey struct {
	ID       string    `json:"id"`
	Person   string    `json:"person"`
	Name     string    `json:"name"`
	RPID     string    `json:"rp_id"`
	Created  time.Time `json:"created"`
	Used     time.Time `json:"used"`
	Disabled string    `json:"disabled,omitempty"` // why, or empty

	// Credential has the COSE key, sign count, flags, AAGUID, transports and
	// the attestation as it came.
	Credential webauthn.Credential `json:"credential"`
}

// passkeyID is the id of the passkey with a credential id.
func passkeyID(credentialID []byte) string {
	sum := sha256.Sum256(credentialID)
	return hex.EncodeToString(sum[:])
}

// user is a person as go-webauthn wants to see one.
type user struct {
	person      Person
	credentials []webauthn.Credential
}

func (u user) WebAuthnID() []byte                         { return u.person.Handle }
func (u user) WebAuthnName() string                       { return u.person.Name }
func (u user) WebAuthnDisplayName() string                { return u.person.Name }
func (u user) WebAuthnCredentials() []webauthn.Credential { return u.credentials }

// descriptors lists the credentials for an allow or exclude list.
func (u user) descriptors() []protocol.CredentialDescriptor {
	return webauthn.Credentials(u.credentials).CredentialDescriptors()
}

// passkeys reads the passkeys with these ids, and skips what has just gone.
func (s *Service) passkeys(ctx context.Context, ids ...string) ([]Passkey, error) {
	var all []Passkey
	for _, id := range ids {
		p, _, err := load[Passkey](ctx, s, kindPasskey, id)
		if missing(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// user reads a person's usable credentials.
func (s *Service) user(ctx context.Context, p Person) (user, error) {
	keys, err := s.passkeys(ctx, p.Passkeys...)
	if err != nil {
		return user{}, err
	}
	u := user{person: p}
	for _, k := range keys {
		u.credentials = append(u.credentials, k.Credential)
	}
	return u, nil
}

// detail is what the audit log keeps of a new passkey. The public key is in
// it, so that signatures can be traced to a registration for ever.
func (k Passkey) detail() map[string]string {
	return map[string]string{
		"person": k.Person, "name": k.Name,
		"aaguid":      hex.EncodeToString(k.Credential.Authenticator.AAGUID),
		"attestation": k.Credential.AttestationFormat,
		"key":         hex.EncodeToString(k.Credential.PublicKey),
	}
}
