package api_test

import (
	"encoding/json"
	"testing"

	"glovebox"
	"glovebox/api/wire"
)

// TestApprovalRequests: what cannot be signed is refused where it is asked for,
// at its field.
func TestApprovalRequests(t *testing.T) {
	s := newWholeSite(t)
	ada := s.admin(acme)
	for _, c := range []struct {
		field string
		spec  pair
	}{
		{"spec.containerImage", pair{"containerImage": "acme:1", "runtime": "runc"}},
		{"spec.containerImage", pair{"containerImage": "", "runtime": "runc"}},
		{"spec.timeout", pair{"containerImage": "acme:1" + someDigest, "runtime": "runc", "timeout": "1000h"}},
		{"spec", pair{"containerImage": "acme:1" + someDigest}}, // widens nothing
	} {
		ada.fails(glovebox.KindInvalid, c.field, "POST", "/v1/approvals", pair{"spec": c.spec})
	}
	var all wire.ApprovalList
	if ada.get(200, "GET", "/v1/approvals", nil, &all); len(all.Approvals) != 0 {
		t.Errorf("left: %+v", all.Approvals)
	}
	var a wire.Approval
	ada.get(201, "POST", "/v1/approvals", pair{"spec": pair{"containerImage": "acme:1" + someDigest, "runtime": "runc"}}, &a)
	var said struct{ Image, Digest string }
	if err := json.Unmarshal(a.Operation.Parameters, &said); err != nil {
		t.Fatal(err)
	}
	if said.Image != "acme:1"+someDigest || "@"+said.Digest != someDigest {
		t.Errorf("to be signed: %+v", said)
	}
}
