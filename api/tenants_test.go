package api_test

import (
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/api/wire"
	"glovebox/identity"
)

// asRoot makes every caller root of the machine.
func asRoot(c *api.Config) {
	c.Auth = func(*http.Request) (identity.Caller, error) { return identity.Operator(0), nil }
}

func TestTenants(t *testing.T) {
	w := newWorld(t, asRoot)
	const path = "/v1/host/tenants/acme"
	w.problem(w.do("GET", path, ""), glovebox.KindNotFound, "")
	w.problem(w.do("PUT", path, `{"name":"Acme"}`), glovebox.KindInvalid, "If-Match")
	w.problem(w.do("PUT", path, `{"name":"Acme"}`, `If-Match: "1"`, "If-None-Match: *"), glovebox.KindInvalid, "If-Match")
	w.problem(w.do("PUT", path, `{"name":"Acme"}`, `If-None-Match: "1"`), glovebox.KindInvalid, "If-Match")
	w.problem(w.do("PUT", path, `{"name":"Acme"}`, `If-Match: "1"`), glovebox.KindStale, "If-Match")
	var got wire.Tenant
	a := w.do("PUT", path, `{"name":"Acme","quota":{"queuedJobs":7},"runtimes":["runc","gvisor"],"twoPerson":true}`, "If-None-Match: *")
	w.want(a, http.StatusOK, &got)
	if got.ID != "acme" || got.Quota.QueuedJobs != 7 || got.Quota.Memory == 0 || len(got.Runtimes) != 2 || !got.TwoPerson || a.Header.Get("ETag") != `"1"` {
		t.Errorf("%s %v", a.body, a.Header)
	}
	a = w.do("GET", path, "")
	w.want(a, http.StatusOK, nil)
	w.want(w.do("GET", path, "", "If-None-Match: "+a.Header.Get("ETag")), http.StatusNotModified, nil)
	again := w.do("PUT", path, `{"name":"Acme"}`, "If-None-Match: *")
	if again.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("created twice: %d %s", again.StatusCode, again.body)
	}
	w.want(w.do("PUT", path, `{"name":"Acme 2"}`, "If-Match: "+a.Header.Get("ETag")), http.StatusOK, &got)
	if got.Name != "Acme 2" || got.TwoPerson || len(got.Runtimes) != 1 {
		t.Errorf("what is left out has its default: %+v", got)
	}
	w.problem(w.do("PUT", path, `{"name":"Acme 3"}`, "If-Match: "+a.Header.Get("ETag")), glovebox.KindStale, "If-Match")
	w.want(w.do("PUT", path, `{"name":"Acme 3"}`, "If-Match: *"), http.StatusOK, &got)
	w.problem(w.do("PUT", path, `{"quota":{"memory":1}}`, "If-Match: *"), glovebox.KindInvalid, "quota.memory")
	w.problem(w.do("PUT", path, `{"id":"other"}`, "If-Match: *"), glovebox.KindUnknownField, "id")
	w.problem(w.do("PUT", "/v1/host/tenants/A_b", `{}`, "If-None-Match: *"), glovebox.KindNotFound, "")

	w.want(w.do("PUT", "/v1/host/tenants/beta", `{}`, "If-None-Match: *"), http.StatusOK, nil)
	var list wire.TenantList
	w.want(w.do("GET", "/v1/host/tenants?limit=1", ""), http.StatusOK, &list)
	if len(list.Tenants) != 1 || list.Next != "acme" {
		t.Errorf("%+v", list)
	}
	w.want(w.do("GET", "/v1/host/tenants?after=acme", ""), http.StatusOK, &list)
	if len(list.Tenants) != 1 || list.Tenants[0].ID != "beta" {
		t.Errorf("%+v", list)
	}
	w.problem(w.do("GET", "/v1/host/tenants?after=%2F", ""), glovebox.KindInvalid, "after")
}

func TestOwnTenant(t *testing.T) {
	w := newWorld(t)
	dev := w.admin("acme").invite("Dev", identity.RoleDeveloper)
	w.want(dev.do("POST", "/v1/jobs", `{"containerImage":"a"}`), http.StatusAccepted, nil)
	var got wire.TenantUsage
	w.want(dev.do("GET", "/v1/tenant", ""), http.StatusOK, &got)
	if got.Tenant.ID != "acme" || got.Tenant.Quota.QueuedJobs != glovebox.DefaultQuota().QueuedJobs || got.Usage.QueuedJobs != 1 {
		t.Errorf("%+v", got)
	}
	w.want(w.do("GET", "/v1/tenant", ""), http.StatusOK, &got)
	if got.Tenant.ID != glovebox.LocalTenant || got.Usage.QueuedJobs != 0 {
		t.Errorf("%+v", got)
	}
}

// TestAudit: an admin reads the events of the own tenant, in pages that form a
// chain; another tenant's are for root alone, and asking is an event.
func TestAudit(t *testing.T) {
	w := newWorld(t)
	p := w.admin("acme")
	dev := p.invite("Dev", identity.RoleDeveloper)
	w.admin("beta")
	w.problem(dev.do("GET", "/v1/audit", ""), glovebox.KindDenied, "")
	var all []wire.AuditEvent
	for after := "0"; ; {
		var page wire.AuditPage
		w.want(p.do("GET", "/v1/audit?limit=2&after="+after, ""), http.StatusOK, &page)
		all = append(all, page.Events...)
		if page.Next == 0 {
			break
		}
		after = text(t, page.Next)
	}
	var chain []glovebox.AuditEvent
	denied := false
	for _, e := range all {
		chain = append(chain, glovebox.AuditEvent(e))
		denied = denied || e.Action == string(identity.ActionAuditRead) && !e.OK && e.Kind == glovebox.KindDenied
		if e.Tenant != "acme" {
			t.Errorf("%+v", e)
		}
	}
	if err := glovebox.VerifyChain(chain); err != nil || len(chain) < 5 || !denied {
		t.Error(err, len(chain), denied)
	}
	var page wire.AuditPage
	since := w.clock.now().Add(time.Minute).Format(time.RFC3339)
	w.want(p.do("GET", "/v1/audit?since="+since, ""), http.StatusOK, &page)
	if len(page.Events) != 0 {
		t.Errorf("%+v", page)
	}
	w.want(p.do("GET", "/v1/audit?action=session.open", ""), http.StatusOK, &page)
	for _, e := range page.Events {
		if e.Action != "session.open" {
			t.Errorf("%+v", e)
		}
	}
	for _, other := range []string{"beta", "installation", "%2A"} {
		w.problem(p.do("GET", "/v1/audit?tenant="+other, ""), glovebox.KindDenied, "")
	}
	w.want(p.do("GET", "/v1/audit?tenant=acme", ""), http.StatusOK, &page)
	root := newWorld(t, asRoot)
	root.admin("beta")
	for _, other := range []string{"beta", "installation", "%2A"} {
		root.want(root.do("GET", "/v1/audit?tenant="+other, ""), http.StatusOK, &page)
		if len(page.Events) == 0 || page.Next != 0 {
			t.Errorf("%s: %+v", other, page)
		}
	}
	root.problem(root.do("GET", "/v1/audit?tenant=%2A&after=1", ""), glovebox.KindInvalid, "after")
	root.problem(root.do("GET", "/v1/audit?tenant=%2A&before=1", ""), glovebox.KindInvalid, "before")
	root.problem(root.do("GET", "/v1/audit?tenant=%2A&order=desc", ""), glovebox.KindInvalid, "order")
	root.problem(root.do("GET", "/v1/audit?tenant=A", ""), glovebox.KindInvalid, "tenant")
	root.problem(root.do("GET", "/v1/audit?limit=1001", ""), glovebox.KindInvalid, "limit")
}

// TestAuditNewestFirst: pages from the log's end are the log read backwards,
// filters and bounds hold in both orders, and what cannot be is refused by name.
func TestAuditNewestFirst(t *testing.T) {
	w := newWorld(t)
	p := w.admin("acme")
	p.invite("Dev", identity.RoleDeveloper)
	w.admin("beta")
	var all wire.AuditPage
	w.want(p.do("GET", "/v1/audit?limit=1000", ""), http.StatusOK, &all)
	want := slices.Clone(all.Events)
	slices.Reverse(want)
	var got []wire.AuditEvent
	for before := ""; ; {
		var page wire.AuditPage
		w.want(p.do("GET", "/v1/audit?order=desc&limit=2"+before, ""), http.StatusOK, &page)
		got = append(got, page.Events...)
		if page.Next == 0 {
			break
		}
		before = "&before=" + text(t, page.Next)
	}
	if len(got) < 5 || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	var page wire.AuditPage
	w.want(p.do("GET", "/v1/audit?order=desc&after=1&before=4", ""), http.StatusOK, &page)
	if len(page.Events) != 2 || page.Events[0].Seq != 3 || page.Events[1].Seq != 2 || page.Next != 0 {
		t.Errorf("%+v", page)
	}
	page = wire.AuditPage{}
	w.want(p.do("GET", "/v1/audit?order=asc&before=3", ""), http.StatusOK, &page)
	if len(page.Events) != 2 || page.Events[0].Seq != 1 || page.Next != 0 {
		t.Errorf("%+v", page)
	}
	page = wire.AuditPage{}
	w.want(p.do("GET", "/v1/audit?order=desc&action=session.open&limit=1", ""), http.StatusOK, &page)
	last := want[slices.IndexFunc(want, func(e wire.AuditEvent) bool { return e.Action == "session.open" })]
	if len(page.Events) != 1 || !reflect.DeepEqual(page.Events[0], last) || page.Next != last.Seq {
		t.Errorf("%+v\nwant %+v", page, last)
	}
	for query, field := range map[string]string{
		"order=newest": "order", "order=": "order", "order=DESC": "order",
		"before=0": "before", "before=-1": "before", "before=x": "before", "before=9223372036854775808": "before", "before=": "before",
	} {
		w.problem(p.do("GET", "/v1/audit?"+query, ""), glovebox.KindInvalid, field)
	}
	w.problem(p.do("GET", "/v1/audit?order=desc&order=asc", ""), glovebox.KindDuplicateField, "order")
	w.problem(p.do("GET", "/v1/audit?newest=true", ""), glovebox.KindUnknownField, "newest")
}
