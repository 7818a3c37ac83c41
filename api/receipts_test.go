package api_test

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/api/apitest"
	"glovebox/api/wire"
	"glovebox/blob/memory"
	"glovebox/identity"
	"glovebox/receipt"
	records "glovebox/store/memory"
)

// receiptsOf gives receipts of jobs that wrote nothing.
func receiptsOf(t testing.TB) receipt.Desk {
	t.Helper()
	keys, err := receipt.OpenKeys(filepath.Join(t.TempDir(), "receipt.keys"))
	if err != nil {
		t.Fatal(err)
	}
	return receipt.Desk{Issuer: &receipt.Issuer{Keys: keys, Blobs: memory.New()}, Records: records.New(), Now: time.Now}
}

// TestReceipt: the bytes are those that were signed; who has them already is
// told so; while there are none, the answer says why.
func TestReceipt(t *testing.T) {
	desk := receiptsOf(t)
	w := start(t, func(c *api.Config) { c.Receipts = desk })
	job := w.submit("")
	path := "/v1/jobs/" + job.ID + "/receipt"
	w.problem(w.do("GET", path, ""), glovebox.KindConflict, "")
	w.problem(w.do("GET", "/v1/jobs/jother/receipt", ""), glovebox.KindNotFound, "")

	over := w.Service.Update(job.ID, func(j *glovebox.Job) {
		j.Status, j.Outcome, j.Reason, j.EndedAt = glovebox.StatusArchived, glovebox.StatusFailed, glovebox.ReasonInternal, time.Now().UTC()
	})
	if p := w.problem(w.do("GET", path, ""), glovebox.KindNotFound, ""); !strings.Contains(p.Detail, "before there were any") || p.Hint == "" {
		t.Errorf("%+v", p)
	}
	ref, err := desk.Issue(t.Context(), over)
	if err != nil {
		t.Fatal(err)
	}
	w.Service.Update(job.ID, func(j *glovebox.Job) { j.Receipt = &ref })
	a := w.do("GET", path, "")
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != receipt.MediaType || a.Header.Get("ETag") != `"`+ref.Digest+`"` {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	if s, err := receipt.Verify(a.body, desk.Public()); err != nil || s.Predicate.Job.ID != job.ID {
		t.Errorf("%+v %v", s, err)
	}
	if a := w.do("GET", path, "", "If-None-Match: "+a.Header.Get("ETag")); a.StatusCode != http.StatusNotModified || len(a.body) > 0 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	var shown wire.Job
	w.want(w.do("GET", "/v1/jobs/"+job.ID, ""), http.StatusOK, &shown)
	if shown.Receipt == nil || shown.Receipt.Digest != ref.Digest || shown.Receipt.KeyID != ref.KeyID || shown.Receipt.Size != int64(len(a.body)) {
		t.Errorf("%+v", shown.Receipt)
	}
}

// TestReceiptKeys: the keys can be used by whoever knows JWKs, a new one is
// added to the old, and that is written down.
func TestReceiptKeys(t *testing.T) {
	desk := receiptsOf(t)
	w := newWorld(t, asRoot, func(c *api.Config) { c.Receipts = desk })
	var keys wire.ReceiptKeys
	w.want(w.do("GET", "/v1/receipts/keys", ""), http.StatusOK, &keys)
	if len(keys.Keys) != 1 || keys.Keys[0].ID != desk.Public()[0].ID || keys.Keys[0].Type != "OKP" || strings.Contains(string(w.do("GET", "/v1/receipts/keys", "").body), `"d"`) {
		t.Errorf("%+v", keys)
	}
	var made wire.ReceiptKey
	w.want(w.do("POST", "/v1/host/receipts/rotate", ""), http.StatusOK, &made)
	var after wire.ReceiptKeys
	w.want(w.do("GET", "/v1/receipts/keys", ""), http.StatusOK, &after)
	if len(after.Keys) != 2 || after.Keys[0] != keys.Keys[0] || after.Keys[1] != made {
		t.Errorf("%+v", after)
	}
	events, err := desk.Records.(glovebox.Audit).AuditEvents(t.Context(), glovebox.AuditFilter{Tenant: glovebox.LocalTenant})
	if err != nil || len(events) != 1 || events[0].Action != "receipt.rotate" || events[0].Target != made.ID {
		t.Errorf("%+v %v", events, err)
	}
	if a := w.do("GET", "/v1/receipts/schema", ""); a.Header.Get("Content-Type") != "application/schema+json" || !bytes.Equal(a.body, receipt.Schema) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// TestProof: a job keeps how its owner had proved who they are.
func TestProof(t *testing.T) {
	s, jobs := newSite(t), apitest.NewService()
	s.handler = api.NewHandler(api.Config{
		Service: jobs, Images: &apitest.Images{}, Auth: s.authenticate, Allow: s.ids.Authorize, Identity: s.ids, PublicURL: siteURL, Now: s.clock, Rates: unlimited,
	})
	ada := s.admin(acme)
	var job wire.Job
	ada.get(202, "POST", "/v1/jobs", pair{"containerImage": "busybox:1"}, &job)
	stored, err := jobs.Job(t.Context(), glovebox.Principal{Tenant: acme}, job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if p := stored.Proof; p == nil || p.Kind != identity.PrincipalPerson || p.Session == "" || p.Passkey == "" || p.Opened.IsZero() || p.Rule != "" {
		t.Errorf("%+v", p)
	}
}
