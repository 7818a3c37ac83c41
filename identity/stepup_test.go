package identity

import (
	"encoding/json"
	"testing"

	"glovebox"
)

var testOperation = Operation{Action: ActionPolicyChange, Resource: "pol_1", Version: "7",
	Parameters: json.RawMessage(`{"egress": ["example.com:443"], "n": 1}`)}

func TestBadStepUp(t *testing.T) {
	for _, b := range badAnswers {
		t.Run(b.name, func(t *testing.T) {
			w := newWorld(t)
			m := w.admin()
			m.sign(testOperation) // the control
			c := m.caller()
			if b.before != nil {
				b.before(w, m)
			}
			id, options, err := w.s.BeginStepUp(w.ctx, c, testOperation)
			if err != nil {
				t.Fatal(err)
			}
			answer := m.device.get(t, options)
			if b.after != nil {
				answer = b.after(w, m, answer)
			}
			w.wantRefused(func() error { _, err := w.s.FinishStepUp(w.ctx, c, id, testOperation, answer); return err }, b.may...)
			w.wantRefused(func() error { _, err := w.s.FinishStepUp(w.ctx, c, id, testOperation, answer); return err })
		})
	}
}

func TestStepUpIsForOneOperation(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	for name, other := range map[string]Operation{
		"action":     {ActionSecretWrite, "pol_1", "7", testOperation.Parameters, "", ""},
		"resource":   {ActionPolicyChange, "pol_2", "7", testOperation.Parameters, "", ""},
		"version":    {ActionPolicyChange, "pol_1", "8", testOperation.Parameters, "", ""},
		"parameters": {ActionPolicyChange, "pol_1", "7", json.RawMessage(`{"egress": ["evil.example:443"], "n": 1}`), "", ""},
		"duplicates": {ActionPolicyChange, "pol_1", "7", json.RawMessage(`{"egress": [], "egress": ["example.com:443"], "n": 1}`), "", ""},
	} {
		c := m.caller()
		id, options, err := w.s.BeginStepUp(w.ctx, c, testOperation)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.FinishStepUp(w.ctx, c, id, other, m.device.get(t, options)); glovebox.KindOf(err) != glovebox.KindConflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	spelled := testOperation
	spelled.Parameters = json.RawMessage("{\"n\":1.0,\n\"egress\":[\"example.com:443\"]}")
	c := m.caller()
	id, options, err := w.s.BeginStepUp(w.ctx, c, testOperation)
	if err != nil {
		t.Fatal(err)
	}
	must(w.s.FinishStepUp(w.ctx, c, id, spelled, m.device.get(t, options)))(t) // the same in other words
}

func TestVerifySigned(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	signed := m.sign(testOperation)
	stored := asJSON(signed)
	fresh := func() SignedOperation {
		var op SignedOperation
		if err := json.Unmarshal([]byte(stored), &op); err != nil {
			t.Fatal(err)
		}
		return op
	}
	origins := []string{testOrigin}
	if err := VerifySigned(fresh(), testRPID, origins); err != nil {
		t.Fatal(err) // the control
	}
	other := w.adminOf("other").sign(testOperation)
	for name, change := range map[string]func(*SignedOperation){
		"resource":       func(o *SignedOperation) { o.Operation.Resource = "pol_2" },
		"tenant":         func(o *SignedOperation) { o.Operation.Tenant = "other" },
		"person":         func(o *SignedOperation) { o.Operation.Person = other.Operation.Person },
		"parameters":     func(o *SignedOperation) { o.Operation.Parameters = json.RawMessage(`{}`) },
		"nonce":          func(o *SignedOperation) { o.Nonce[0] ^= 1 },
		"signature":      func(o *SignedOperation) { o.Signature[len(o.Signature)-1] ^= 1 },
		"client data":    func(o *SignedOperation) { o.ClientData[40] ^= 1 },
		"authenticator":  func(o *SignedOperation) { o.AuthenticatorData[36] ^= 1 },
		"not verified":   func(o *SignedOperation) { o.AuthenticatorData[32] &^= 4 },
		"another's key":  func(o *SignedOperation) { o.PublicKey = other.PublicKey },
		"no key":         func(o *SignedOperation) { o.PublicKey = nil },
		"another's data": func(o *SignedOperation) { o.AuthenticatorData, o.ClientData, o.Signature = nil, nil, nil },
	} {
		op := fresh()
		change(&op)
		if err := VerifySigned(op, testRPID, origins); glovebox.KindOf(err) != glovebox.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	expectKind(t, VerifySigned(fresh(), "evil.example", origins), glovebox.KindInvalid)
	expectKind(t, VerifySigned(fresh(), testRPID, []string{"https://evil.example"}), glovebox.KindInvalid)

	// What was stored is evidence, not permission.
	op := fresh()
	expectKind(t, w.s.Spend(w.ctx, m.caller(), testOperation, &op), glovebox.KindDenied)
	expectKind(t, w.s.Spend(w.ctx, m.invite("Eve", RoleAdmin).caller(), testOperation, signed), glovebox.KindDenied)
	expectKind(t, w.s.Spend(w.ctx, m.caller(), testOperation, signed), "")
	expectKind(t, w.s.Spend(w.ctx, m.caller(), testOperation, signed), glovebox.KindDenied)
}
