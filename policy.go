package glovebox

// Policy is what a job may touch. The zero value lets it touch nothing: no
// network, no secret. A tenant's policy is the most that its jobs get without
// a signed job; a job's own policy is what that job gets.
type Policy struct {
	Version  string       `json:"version"`            // PolicyVersion
	Egress   []EgressRule `json:"egress,omitempty"`   // at most MaxEgressRules
	Secrets  []SecretUse  `json:"secrets,omitempty"`  // at most MaxSecretUses
	Images   []string     `json:"images,omitempty"`   // where images may come from; tenants only, empty = anywhere
	Limits   Limits       `json:"limits,omitzero"`    // the most that a job may ask for; tenants only, 0 = no bound here
	Runtimes []string     `json:"runtimes,omitempty"` // that a job may use, of Tenant.Runtimes; tenants only, empty = all of them
	Observe  bool         `json:"observe,omitempty"`  // tenants: jobs may be observed; jobs: this one is, and reaches any public name
	Watch    WatchPolicy  `json:"watch,omitzero"`     // for what of what it does a job is ended
	Profile  *Profile     `json:"profile,omitempty"`  // what the job did before, to be held against; jobs only
}

// PolicyChange replaces the policy of a job that has not ended.
type PolicyChange struct {
	Policy *Policy // nil: nothing any more

	// Seen is the PolicyRevision that is to be replaced; below 0 for whichever
	// there is.
	Seen int64

	// Approvals are for exactly this change, and verified.
	Approvals []Approval
}

// PolicyLine is a decision about one part of a job's policy or spec.
type PolicyLine struct {
	Field   string `json:"field"`         // such as "policy.egress[2]", "runtime"
	What    string `json:"what"`          // for people, such as "tls to api.example.com:443"
	Verdict string `json:"verdict"`       // PolicyWithin, PolicySigned, PolicyTrusted, or PolicyBeyond in a refusal
	By      string `json:"by,omitempty"`  // what decided: a part of the tenant's policy, or who signed
	Why     string `json:"why,omitempty"` // what is beyond the tenant's policy, and how
}

// Verdicts of a PolicyLine.
const (
	PolicyWithin  = "within"  // the tenant's policy allows it
	PolicyBeyond  = "beyond"  // it does not; a signed approval is needed
	PolicySigned  = "signed"  // it does not, and a signed approval allows it
	PolicyTrusted = "trusted" // it does not, and the local operator asked for it
)

// MaxPolicyLines is how many lines are kept with a job. The last one says how
// many more there were.
const MaxPolicyLines = 100

// Networked says whether a sandbox needs a link of its own for it, which it has
// from the beginning or never.
func (p Policy) Networked() bool { return len(p.Egress) > 0 || p.Observe }

// PolicyVersion is the version of the document that this release reads.
const PolicyVersion = "glovebox/v1"

// Bounds of a Policy.
const (
	MaxEgressRules = 500
	MaxSecretUses  = 32
	MaxPolicyBytes = 256 << 10
)

// What an EgressRule lets through.
const (
	// EgressTLS is TLS whose server name is the rule's domain. It passes
	// through unread, unless the rule names methods, paths or a header secret:
	// then the filter ends it with a certificate that this sandbox alone
	// trusts, and speaks verified TLS to the destination itself.
	EgressTLS = "tls"
	// EgressHTTP is HTTP/1.1 in the clear, whose Host is the rule's domain.
	EgressHTTP = "http"
	// EgressTCP is any bytes, to the addresses that the domain resolved to.
	EgressTCP = "tcp"
)

// EgressRule lets a job open connections to one kind of destination. Exactly
// one of Domain and Address is set.
type EgressRule struct {
	Name     string `json:"name,omitempty"`    // for events; default "DOMAIN:PORT"
	Domain   string `json:"domain,omitempty"`  // exact, or "*." and a domain for exactly one more label
	Address  string `json:"address,omitempty"` // address or prefix; only in a tenant's policy or a signed job
	Port     int    `json:"port"`
	Protocol string `json:"protocol"` // EgressTLS, EgressHTTP or EgressTCP

	Methods []string `json:"methods,omitempty"` // not with tcp; empty = any
	Paths   []string `json:"paths,omitempty"`   // not with tcp; exact, or a prefix that ends in "*"; empty = any

	// Bytes bounds what goes both ways over all connections of the rule; 0 =
	// no bound. What is beyond is cut.
	Bytes int64 `json:"bytes,omitempty"`

	// Private lets the domain resolve to private addresses (RFC 1918, 4193,
	// 6598), or the address be one. Only an admin may write it: in a tenant's
	// policy, or by signing the job. Some addresses are never reachable,
	// whatever a policy says.
	Private bool `json:"private,omitempty"`
}

// SecretUse gives a job a secret of its tenant. It is either put into a header
// on the way out (Domain and Header), and then never enters the sandbox, or is
// a file at /run/secrets/NAME on a mount that is in memory only (File).
type SecretUse struct {
	Name   string `json:"name"`             // of the secret, in the tenant
	Domain string `json:"domain,omitempty"` // exact, of an egress rule of this policy with tls or http
	Header string `json:"header,omitempty"` // such as "Authorization"
	Prefix string `json:"prefix,omitempty"` // before the value, such as "Bearer "
	File   bool   `json:"file,omitempty"`
}
