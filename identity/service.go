package identity

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"glovebox"
)

// Config is what a Service needs. Everything but Fetch, Name and Since is
// required.
type Config struct {
	Records glovebox.Records
	Now     func() time.Time

	// PublicURL is where callers reach the API: scheme, host and port, without
	// a path. It is issuer and audience of access tokens, and proofs must be
	// made for it. It is never taken from a request.
	PublicURL string

	RPID    string   // domain that passkeys are bound to; fixed at first start
	Origins []string // where the ceremonies' pages come from; fixed at first start
	Name    string   // shown by authenticators

	// Fetch gets the key set of a trusted issuer; nil turns federation off.
	Fetch FetchKeys

	// Since is when the machine started: proofs made before are refused, because
	// what was known of their use may have been lost with the power.
	Since time.Time
}

// Service is the identity of one installation. It is safe for concurrent use,
// and several of them may share the Records.
type Service struct {
	records glovebox.Records
	now     func() time.Time
	since   time.Time
	url     string // PublicURL without a slash at its end
	rp      *webauthn.WebAuthn
	keys    keySet
	// verified saves checking a token's signature with each request.
	verified verified
	issuers  issuerKeys
	ended    endings
}

// Open checks the configuration, compares the relying party with the one of
// the first start, and makes the first signing key. KindInvalid for a value
// that cannot be used, KindConflict for another relying party than before.
func Open(ctx context.Context, c Config) (*Service, error) {
	base, err := publicURL(c.PublicURL)
	if err != nil {
		return nil, err
	}
	if c.Name == "" {
		c.Name = "Glovebox"
	}
	required := true
	rp, err := webauthn.New(&webauthn.Config{
		RPID: c.RPID, RPDisplayName: c.Name, RPOrigins: c.Origins,
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &required,
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			UserVerification:   protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "relying party: %w", err)
	}
	if c.RPID == "" {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "the relying party has no id")
	}
	s := &Service{records: c.Records, now: c.Now, since: c.Since, url: base, rp: rp}
	s.issuers.fetch = c.Fetch
	if err := s.fixSite(ctx, c.RPID, c.Origins); err != nil {
		return nil, err
	}
	if err := s.Rotate(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// publicURL checks and normalizes where callers reach the API.
func publicURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		strings.Trim(u.Path, "/") != "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", glovebox.Errorf(glovebox.KindInvalid, "public URL %q is not a scheme, host and port", raw)
	}
	return origin(u), nil
}
