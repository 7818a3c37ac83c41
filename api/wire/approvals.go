package wire

import "time"

// ApprovalRequest is the body of POST /v1/approvals. It has either the job that
// goes beyond what its tenant allows without a signature, or a policy: that of
// the job to be changed or, without one, of the tenant; or a secret.
type ApprovalRequest struct {
	Spec   *Spec   `json:"spec,omitempty" doc:"Of a job to be submitted"`
	Job    string  `json:"job,omitempty" maxLength:"64" doc:"Whose policy is to be changed"`
	Policy *Policy `json:"policy,omitempty" doc:"The next one, of the job or else of the tenant"`

	Secret *SecretChange `json:"secret,omitempty" doc:"That is to be set or removed"`
}

// Approval is a request that people agree to one exact job.
type Approval struct {
	ID         string              `json:"id"`
	URL        string              `json:"url" doc:"Page where it is signed"`
	By         string              `json:"by" doc:"Who asked, and may submit the job"`
	Widens     []string            `json:"widens" nullable:"false" doc:"What needs it, such as \"runtime: runc\""`
	Needed     int                 `json:"needed" enum:"1,2" doc:"People"`
	Signatures []ApprovalSignature `json:"signatures" nullable:"false"`
	Operation  Operation           `json:"operation" doc:"What is signed next"`
	CreatedAt  time.Time           `json:"createdAt"`
	Until      time.Time           `json:"until" doc:"Signed and submitted by then, or asked for again"`
}

// ApprovalSignature is one person's consent.
type ApprovalSignature struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// ApprovalList is the answer of GET /v1/approvals.
type ApprovalList struct {
	Approvals []Approval `json:"approvals" nullable:"false"`
}
