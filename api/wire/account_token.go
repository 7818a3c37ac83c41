package wire

import (
	"encoding/json"
	"time"
)

// GrantType says by what an access token is asked for.
type GrantType string

// The grant types, as OAuth spells them; refresh is ours, for it takes no
// secret but the session's key.
const (
	GrantCode     GrantType = "authorization_code"
	GrantDevice   GrantType = "urn:ietf:params:oauth:grant-type:device_code"
	GrantExchange GrantType = "urn:ietf:params:oauth:grant-type:token-exchange"
	GrantRefresh  GrantType = "refresh"
)

// TokenRequest is the body of POST /v1/token. Which fields belong to it, the
// grant type says; others must be left out.
type TokenRequest struct {
	GrantType GrantType `json:"grantType" enum:"authorization_code,urn:ietf:params:oauth:grant-type:device_code,urn:ietf:params:oauth:grant-type:token-exchange,refresh"`

	Code         string `json:"code,omitempty" maxLength:"256" doc:"authorization_code: the code that came to the redirect"`
	CodeVerifier string `json:"codeVerifier,omitempty" maxLength:"128" doc:"authorization_code: of PKCE, S256"`
	RedirectURI  string `json:"redirectURI,omitempty" maxLength:"500" doc:"authorization_code: where the code was sent, exactly"`
	DeviceCode   string `json:"deviceCode,omitempty" maxLength:"256" doc:"device_code: of POST /v1/device"`
	Rule         string `json:"rule,omitempty" maxLength:"64" doc:"token-exchange: id of the trust rule to be judged by"`
	SubjectToken string `json:"subjectToken,omitempty" maxLength:"16384" doc:"token-exchange: the issuer's token"`
	Session      string `json:"session,omitempty" maxLength:"128" doc:"refresh: id of the session"`
}

// Token is an access token. It is worth nothing without the key that proved
// itself when it was asked for.
type Token struct {
	AccessToken string    `json:"accessToken"`
	TokenType   string    `json:"tokenType" enum:"DPoP"`
	ExpiresAt   time.Time `json:"expiresAt"`
	Session     Session   `json:"session"`
}

// DeviceRequest is the body of POST /v1/device.
type DeviceRequest struct {
	Name string `json:"name" minLength:"1" maxLength:"100" doc:"Of the machine, for who approves"`
}

// Device is a login that waits for its owner.
type Device struct {
	DeviceCode      string    `json:"deviceCode" doc:"For polling /v1/token; secret"`
	UserCode        string    `json:"userCode" example:"BCDF-GHJK" doc:"For the owner to type"`
	VerificationURL string    `json:"verificationURL" doc:"Where to type it"`
	Interval        int       `json:"interval" doc:"Seconds between polls at least"`
	ExpiresAt       time.Time `json:"expiresAt"`
}

// DeviceInfo is what the owner is shown of a login that waits.
type DeviceInfo struct {
	ID        string    `json:"id"`
	Name      string    `json:"name" doc:"Of the machine, as it says itself"`
	From      string    `json:"from" doc:"Address it was asked from, as the server sees it"`
	Until     time.Time `json:"until"`
	Operation Operation `json:"operation" doc:"What to sign, by POST /v1/step-up/begin"`
}

// SignedRequest is the body of calls that need a signature and nothing else.
type SignedRequest struct {
	Signature *Signature `json:"signature,omitempty" doc:"Without one the answer is approval_required"`
}

// CLICodeRequest is the body of POST /v1/me/cli-codes.
type CLICodeRequest struct {
	Challenge   string `json:"challenge" minLength:"43" maxLength:"43" doc:"Of PKCE, S256"`
	RedirectURI string `json:"redirectURI" maxLength:"500" doc:"http://127.0.0.1 with a port"`
	Name        string `json:"name" minLength:"1" maxLength:"100" doc:"What the new session is to be called"`
}

// CLICode is the answer: what the page sends to the redirect.
type CLICode struct {
	Code string `json:"code" doc:"Good once, for a minute, with the verifier alone"`
}

// JWKS is the set of keys that access tokens are signed with.
type JWKS struct {
	Keys []json.RawMessage `json:"keys" nullable:"false" doc:"Public keys, RFC 7517"`
}
