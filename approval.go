package glovebox

import (
	"encoding/json"
	"time"
)

// Approval is a person's signed consent to one job that goes beyond what its
// tenant allows without.
type Approval struct {
	By string    `json:"by"` // Principal.Name
	At time.Time `json:"at"`

	// Evidence is the signed operation as it was verified. Anyone who has the
	// public key can check it again, so what was signed must be in it in a form
	// that JSON does not change, such as base64: stores keep the JSON value,
	// not its white space.
	Evidence json.RawMessage `json:"evidence"`
}

// Caps of what is kept of approvals with a job.
const (
	MaxApprovals     = 8
	MaxEvidenceBytes = 32 << 10 // of one approval
)

// CheckApprovals says whether approvals are enough for a tenant and can be
// kept: KindApproval if there are too few, KindInvalid or KindTooLarge on
// "approvals" if they cannot be kept. Whether they are true is for those to
// say who have the keys.
func CheckApprovals(all []Approval, t Tenant) error {
	persons := map[string]bool{}
	for _, a := range all {
		if a.By == "" || a.At.IsZero() || !json.Valid(a.Evidence) {
			return Errorf(KindInvalid, "an approval lacks who, when or its evidence").On("approvals")
		}
		if len(a.Evidence) > MaxEvidenceBytes {
			return Errorf(KindTooLarge, "the evidence has %d bytes", len(a.Evidence)).On("approvals").Try("at most %d", MaxEvidenceBytes)
		}
		persons[a.By] = true
	}
	switch {
	case len(all) > MaxApprovals:
		return Errorf(KindTooLarge, "%d approvals", len(all)).On("approvals").Try("at most %d", MaxApprovals)
	case len(persons) == 0:
		return Errorf(KindApproval, "the job needs a signed approval").On("approvals").Try("sign it with a passkey")
	case t.TwoPerson && len(persons) < 2:
		return Errorf(KindApproval, "the job needs the approvals of two persons, and has one").On("approvals").
			Try("have somebody else sign it, too")
	}
	return nil
}
