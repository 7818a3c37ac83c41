package wire

import "time"

// RuleRequest is the body of POST /v1/rules: which workloads to let in, and
// what they may do.
type RuleRequest struct {
	Name      string            `json:"name" minLength:"1" maxLength:"100"`
	Issuer    string            `json:"issuer" maxLength:"500" example:"https://token.actions.githubusercontent.com"`
	Audience  string            `json:"audience" maxLength:"500" doc:"This installation's public URL, or a path under it"`
	Claims    map[string]string `json:"claims" doc:"Exact values; numbers in digits"`
	Actions   []string          `json:"actions" nullable:"false" maxItems:"32" example:"[\"job.submit\",\"job.read\"]"`
	Seconds   int               `json:"seconds" doc:"Life of a session, 1 to 900"`
	Signature *Signature        `json:"signature,omitempty" doc:"Without one the answer is approval_required"`
}

// Rule is a trust rule.
type Rule struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Issuer    string            `json:"issuer"`
	Audience  string            `json:"audience"`
	Claims    map[string]string `json:"claims"`
	Actions   []string          `json:"actions" nullable:"false"`
	Seconds   int               `json:"seconds"`
	CreatedAt time.Time         `json:"createdAt"`
	By        string            `json:"by"`
}

// RuleList is the answer of GET /v1/rules.
type RuleList struct {
	Rules []Rule `json:"rules" nullable:"false"`
}
