package wire

import "time"

// Me is who is calling, and what they may do.
type Me struct {
	Kind          string   `json:"kind" enum:"person,workload,operator"`
	Name          string   `json:"name" doc:"As jobs and the audit log name the caller" example:"person:per_0123456789abcdefghjk"`
	DisplayName   string   `json:"displayName" doc:"For people to read"`
	Subject       string   `json:"subject" doc:"Id of the person or trust rule"`
	Tenant        string   `json:"tenant"`
	Role          string   `json:"role,omitempty" enum:"admin,developer,viewer" doc:"Absent for workloads"`
	Session       *Session `json:"session,omitempty" doc:"Absent at the local socket"`
	Actions       []string `json:"actions" nullable:"false" doc:"What the caller may do"`
	NeedSignature []string `json:"needSignature" nullable:"false" doc:"Those of them that need a fresh signature over the very operation"`
}

// Passkey is one of the caller's.
type Passkey struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	CreatedAt  time.Time `json:"createdAt"`
	UsedAt     time.Time `json:"usedAt"`
	Disabled   string    `json:"disabled,omitempty" doc:"Why it cannot be used any more"`
	AAGUID     string    `json:"aaguid" doc:"Model of the authenticator, as it says itself; hexadecimal"`
	Transports []string  `json:"transports,omitempty" nullable:"false" doc:"How the authenticator can be reached"`
	Synced     bool      `json:"synced" doc:"It may be on several devices"`
}

// PasskeyList is the answer of GET /v1/me/passkeys.
type PasskeyList struct {
	Passkeys []Passkey `json:"passkeys" nullable:"false"`
}

// AddPasskeyRequest is the body of POST /v1/me/passkeys/begin.
type AddPasskeyRequest struct {
	Name      string     `json:"name" minLength:"1" maxLength:"100" doc:"What the passkey will be called"`
	Signature *Signature `json:"signature,omitempty" doc:"By a passkey there is already; recovery sessions need none"`
}

// RenameRequest is the body of PATCH /v1/me/passkeys/{id}.
type RenameRequest struct {
	Name string `json:"name" minLength:"1" maxLength:"100"`
}

// RecoveryCodes is the answer of POST /v1/me/recovery-codes.
type RecoveryCodes struct {
	Codes []string `json:"codes" nullable:"false" doc:"Each opens a recovery session once. They are shown here and never again"`
}
