package api_test

import (
	"net/http"
	"strings"
	"testing"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/policy"
)

// approves has v sign a request.
func (v *visitor) approves(id string) {
	v.t.Helper()
	var up wire.StepUp
	v.get(200, "POST", "/v1/approvals/"+id+"/begin", nil, &up)
	v.get(200, "POST", "/v1/approvals/"+id+"/sign", wire.Answer{ID: up.ID, Response: v.assert(up.Options)}, nil)
}

// with sends a request with headers.
func (v *visitor) with(method, path string, body any, headers ...string) answer {
	v.t.Helper()
	r := v.request(method, path, body)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return v.do(r)
}

// wants fails unless an answer has a status and, if it is a problem, a kind and
// a field.
func wants(t *testing.T, a answer, kind glovebox.Kind, field string) {
	t.Helper()
	status := http.StatusOK
	if kind != "" {
		status = kind.Info().Status
	}
	text := string(a.body)
	if a.StatusCode != status || kind != "" && (!strings.Contains(text, `"kind":"`+string(kind)+`"`) || field != "" && !strings.Contains(text, `"field":"`+field+`"`)) {
		t.Errorf("%d %s, want %s on %q", a.StatusCode, text, kind, field)
	}
}

// TestTenantPolicy: an admin changes it with a signature over exactly the
// change, at the version that was read; the operator needs none; nobody else
// may.
func TestTenantPolicy(t *testing.T) {
	s := newWholeSite(t)
	ada := s.admin(acme)
	dave := ada.invites("Dave", "developer")
	const path = "/v1/tenant/policy"
	next := pair{"egress": []pair{{"domain": "*.A.example", "protocol": "tls"}}}
	first := ada.get(200, "GET", path, nil, nil)
	tag := first.Header.Get("ETag")
	wants(t, dave.with("PUT", path, next, "If-Match: "+tag), glovebox.KindDenied, "")
	wants(t, ada.with("PUT", path, next), glovebox.KindInvalid, "If-Match")
	wants(t, ada.with("PUT", path, next, `If-Match: "77"`), glovebox.KindStale, "If-Match")
	wants(t, ada.with("PUT", path, next, "If-Match: "+tag), glovebox.KindApproval, "Glovebox-Approval")
	wants(t, ada.with("PUT", path, pair{"egress": []pair{{"domain": "x", "protocol": "tls"}}}, "If-Match: "+tag), glovebox.KindInvalid, "policy.egress[0].domain")

	dave.fails(glovebox.KindDenied, "", "POST", "/v1/approvals", pair{"policy": next})
	var a wire.Approval
	ada.get(201, "POST", "/v1/approvals", pair{"policy": next}, &a)
	if a.Operation.Action != "policy.change" || a.Operation.Resource != acme || len(a.Widens) != 1 || a.Widens[0] != "egress[0]: tls to any name one label under a.example:443" {
		t.Errorf("%+v", a)
	}
	approval := "Glovebox-Approval: " + a.ID
	wants(t, ada.with("PUT", path, next, "If-Match: "+tag, approval), glovebox.KindApproval, "") // nobody has signed
	dave.fails(glovebox.KindDenied, "", "POST", "/v1/approvals/"+a.ID+"/begin", nil)             // is no admin
	ada.approves(a.ID)
	wants(t, ada.with("PUT", path, pair{"egress": []pair{{"domain": "*.b.example", "protocol": "tls"}}}, "If-Match: "+tag, approval), glovebox.KindConflict, "")
	done := ada.with("PUT", path, next, "If-Match: "+tag, approval)
	wants(t, done, "", "")
	wants(t, ada.with("PUT", path, next, "If-Match: "+done.Header.Get("ETag"), approval), glovebox.KindApproval, "") // is used up
	var got wire.TenantPolicy
	dave.get(200, "GET", path, nil, &got)
	if len(got.Policy.Egress) != 1 || got.Policy.Egress[0].Domain != "*.a.example" || got.Policy.Egress[0].Port != 443 {
		t.Errorf("%+v", got)
	}
	wants(t, s.operator(0).with("PUT", path, next, `If-Match: "0"`), "", "")
	wants(t, s.operator(1000).with("PUT", path, next, `If-Match: "1"`), glovebox.KindDenied, "")
	// Root's settings leave it alone.
	wants(t, s.operator(0).with("PUT", "/v1/host/tenants/acme", pair{"name": "Acme"}, "If-Match: *"), "", "")
	if dave.get(200, "GET", path, nil, &got); len(got.Policy.Egress) != 1 {
		t.Errorf("%+v", got)
	}
	changes := 0
	for _, e := range s.events() {
		if strings.Contains(e.Detail["policy"], "sha256:") && e.OK && e.Tenant == acme {
			changes++
		}
	}
	if changes != 1 {
		t.Errorf("%d events of the change", changes)
	}
}

func TestCheckPolicy(t *testing.T) {
	s := newWholeSite(t)
	ada := s.admin(acme)
	var got wire.PolicyChecked
	ada.get(200, "POST", "/v1/policy/check", pair{"policy": pair{"egress": []pair{{"address": "10.0.0.1", "port": 5432, "protocol": "tcp", "private": true}}}}, &got)
	if !got.NeedsApproval || !got.NeedsAdmin || len(got.Lines) != 1 || got.Lines[0].Verdict != "beyond" || got.Policy.Version != glovebox.PolicyVersion || len(got.Explained) < 3 {
		t.Errorf("%+v", got)
	}
	ada.fails(glovebox.KindUnknownField, "policy.egres", "POST", "/v1/policy/check", pair{"policy": pair{"egres": 1}})
	ada.fails(glovebox.KindInvalid, "policy.egress[0].protocol", "POST", "/v1/policy/check", pair{"policy": pair{"egress": []pair{{"domain": "a.example", "protocol": "udp"}}}})
	if a := ada.get(200, "GET", "/v1/policy/schema", nil, nil); string(a.body) != string(policy.Schema) {
		t.Errorf("%s", a.body)
	}
}

// TestJobPolicyRoutes: a job's policy is read and changed at its revision, and
// an admin has to sign for what is private.
func TestJobPolicyRoutes(t *testing.T) {
	s := newWholeSite(t)
	ada := s.admin(acme)
	dave := ada.invites("Dave", "developer")
	web := pair{"egress": []pair{{"domain": "a.example", "protocol": "tls"}, {"domain": "b.example", "protocol": "tls"}}}
	var job wire.Job
	dave.get(202, "POST", "/v1/jobs", pair{"containerImage": "acme:1", "policy": web}, &job)
	if job.Policy == nil || len(job.Policy.Egress) != 2 || job.Spec.Policy == nil {
		t.Fatalf("%+v", job)
	}
	path := "/v1/jobs/" + job.ID + "/policy"
	dave.fails(glovebox.KindInvalid, "policy.limits", "PATCH", path, pair{"limits": pair{"memory": 1 << 30}})
	var got wire.JobPolicy
	dave.get(200, "PATCH", path, pair{"egress": []pair{{"domain": "a.example", "protocol": "tls"}}}, &got)
	if got.Revision != 1 || len(got.Policy.Egress) != 1 {
		t.Errorf("%+v", got)
	}
	wants(t, dave.with("PATCH", path, pair{}, `If-Match: "0"`), glovebox.KindStale, "If-Match")
	if a := dave.with("GET", path, nil, `If-None-Match: "1"`); a.StatusCode != http.StatusNotModified {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	dave.fails(glovebox.KindInvalid, "policy", "POST", "/v1/approvals", pair{"job": job.ID, "policy": pair{}}) // narrows
	dave.fails(glovebox.KindNotFound, "job", "POST", "/v1/approvals", pair{"job": "j0", "policy": web})
	dave.fails(glovebox.KindInvalid, "spec", "POST", "/v1/approvals", pair{})
	dave.fails(glovebox.KindInvalid, "job", "POST", "/v1/approvals", pair{"job": "j0", "spec": pair{"containerImage": "a"}})
	private := pair{"egress": []pair{{"domain": "db.example", "port": 5432, "protocol": "tcp", "private": true}}}
	var a wire.Approval
	dave.get(201, "POST", "/v1/approvals", pair{"job": job.ID, "policy": private}, &a)
	if a.Operation.Action != "job.private" || a.Operation.Resource != job.ID || a.Operation.Version != "1" {
		t.Errorf("%+v", a.Operation)
	}
	dave.fails(glovebox.KindDenied, "", "POST", "/v1/approvals/"+a.ID+"/begin", nil)
	ada.approves(a.ID)
	wants(t, dave.with("PATCH", path, private, "Glovebox-Approval: "+a.ID), "", "")
	ada.get(201, "POST", "/v1/approvals", pair{"job": job.ID, "policy": web}, &a)
	if a.Operation.Action != "job.widen" || a.Operation.Version != "2" {
		t.Errorf("%+v", a.Operation)
	}
	// A job to be submitted is the same.
	spec := pair{"containerImage": "acme:1" + someDigest, "policy": private}
	dave.get(201, "POST", "/v1/approvals", pair{"spec": spec}, &a)
	if a.Operation.Action != "job.private" || !strings.Contains(string(a.Operation.Parameters), `"tcp to db.example:5432, also at private addresses"`) {
		t.Errorf("%+v", a.Operation)
	}
	dave.fails(glovebox.KindDenied, "", "POST", "/v1/approvals/"+a.ID+"/begin", nil)
	// So it is for a user of the machine who is not root.
	s.operator(1000).fails(glovebox.KindDenied, "", "POST", "/v1/jobs", pair{"containerImage": "acme:1", "policy": private})
	s.operator(0).get(202, "POST", "/v1/jobs", pair{"containerImage": "acme:1", "policy": private}, nil)
	s.operator(1000).get(202, "POST", "/v1/jobs", pair{"containerImage": "acme:1", "policy": web}, nil)
}
