package glovebox

import "time"

// PrincipalKind says how a caller was verified.
type PrincipalKind string

// The kinds of callers.
const (
	PrincipalOperator PrincipalKind = "operator" // by the peer credentials of the local socket
	PrincipalNode     PrincipalKind = "node"     // an agent, by its socket or certificate
)

// LocalTenant owns what the local operator submits.
const LocalTenant = "local"

// Principal is a verified caller. There is no anonymous one.
type Principal struct {
	Kind   PrincipalKind
	Name   string // such as "uid:0"; kept as Job.Owner
	Tenant string
	Proof  *Proof // kept as Job.Proof; nil where nobody said
}

// Proof is how a caller proved who they are. It holds nothing that could be
// used to do so again.
type Proof struct {
	Kind    PrincipalKind `json:"kind"`
	Session string        `json:"session,omitempty"` // how the session is held, such as "browser" or "key"; "" without one
	Opened  time.Time     `json:"opened,omitzero"`   // the session
	Passkey string        `json:"passkey,omitempty"` // id of the one that opened it
	Rule    string        `json:"rule,omitempty"`    // id of the trust rule that let a workload in
	Key     string        `json:"key,omitempty"`     // thumbprint (RFC 7638) of the key that holds it, if one does
}
