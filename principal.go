package glovebox

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
}
