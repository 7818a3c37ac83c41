package client_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"glovebox"
	"glovebox/client"
)

func mustJSON(t testing.TB, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// nobodyCalls are routes that the client has no use for.
var nobodyCalls = map[string]string{
	"POST /submit":             "another name of POST /v1/jobs, for callers of the API as it was first",
	"POST /v1/jobs/{id}/stdin": "another name of PUT, which says better that it can be repeated",
}

// every calls every method of the client that makes a request.
func every(ctx context.Context, c *client.Client) {
	signature := &client.Signature{ID: "s", Response: json.RawMessage("{}")}
	spec := glovebox.Spec{Image: "a"}
	for _, err := range []error{c.Health(ctx), c.EndSession(ctx, "a"), c.EndAllSessions(ctx), c.Logout(ctx), c.RemoveImage(ctx, "a"),
		c.ApproveDevice(ctx, "a", signature), c.RenamePasskey(ctx, "a", "b"), c.RemovePasskey(ctx, "a", signature),
		c.SetRole(ctx, "a", "viewer", signature), c.Disable(ctx, "a", signature), c.Enable(ctx, "a", signature),
		c.Revoke(ctx, "a"), c.RemoveRule(ctx, "a", signature)} {
		_ = err // the server refuses everything
	}
	_, _ = c.Version(ctx)
	_, _ = c.ErrorKinds(ctx)
	_, _ = c.OpenAPI(ctx)
	_, _ = c.JWKS(ctx)
	_, _ = c.Submit(ctx, spec, "")
	_, _ = c.Job(ctx, "a")
	_, _ = c.Page(ctx, client.Filter{}, "")
	_, _ = c.Cancel(ctx, "a")
	_ = c.DeleteJob(ctx, "a", 1)
	_, _ = c.Wait(ctx, "a", client.Ended)
	for range c.Events(ctx, "a", "") {
	}
	_, _ = c.Output(ctx, "a", client.Stdout, client.OutputOptions{})
	_, _ = c.AppendStdin(ctx, "a", 0, strings.NewReader("x"), true)
	_, _ = c.ImportImage(ctx, "a", strings.NewReader("x"))
	_, _ = c.PullImage(ctx, "a", nil)
	_, _ = c.Images(ctx)
	_, _ = c.BeginLogin(ctx)
	_, _ = c.FinishLogin(ctx, "a", signature.Response, "")
	_, _ = c.LoginByCode(ctx, "a", "")
	_, _ = c.InspectLink(ctx, "a")
	_, _ = c.BeginEnrol(ctx, client.EnrolRequest{})
	_, _ = c.FinishEnrol(ctx, "a", signature.Response, "")
	_, _ = c.BeginDevice(ctx, "a")
	_, _ = c.Me(ctx)
	_, _ = c.Sessions(ctx)
	_, _ = c.ApproveCode(ctx, client.CLICodeRequest{})
	_, _ = c.Device(ctx, "a")
	_, _ = c.Passkeys(ctx)
	_, _ = c.BeginPasskey(ctx, "a", nil)
	_, _ = c.FinishPasskey(ctx, "a", signature.Response)
	_, _ = c.MakeCodes(ctx, signature)
	_, _ = c.BeginStepUp(ctx, client.StepUpRequest{})
	_, _ = c.People(ctx)
	_, _ = c.Person(ctx, "a")
	_, _ = c.Invitations(ctx)
	_, _ = c.Invite(ctx, client.InviteRequest{})
	_, _ = c.Rules(ctx)
	_, _ = c.WriteRule(ctx, client.RuleRequest{})
	_, _, _ = c.AuditPage(ctx, client.AuditFilter{})
	_, _ = c.Tenant(ctx)
	_, _ = c.RequestApproval(ctx, spec)
	_, _ = c.Approvals(ctx)
	_, _ = c.Approval(ctx, "a")
	_, _ = c.BeginApproval(ctx, "a")
	_, _ = c.SignApproval(ctx, "a", client.Answer{})
	_, _ = c.PolicySchema(ctx)
	_, _ = c.CheckPolicy(ctx, glovebox.Policy{})
	_, _, _ = c.TenantPolicy(ctx)
	_, _ = c.PutTenantPolicy(ctx, glovebox.Policy{}, "a", "a")
	_, _, _ = c.JobPolicy(ctx, "a")
	_, _ = c.SetJobPolicy(ctx, "a", glovebox.Policy{}, "", "")
	_, _ = c.RequestPolicyApproval(ctx, "a", glovebox.Policy{})
	_, _ = c.HostPeople(ctx)
	_, _ = c.HostLink(ctx, client.HostLinkRequest{})
	_, _ = c.Pools(ctx)
	_, _ = c.CreateTemplate(ctx, client.TemplateRequest{})
	_, _ = c.Templates(ctx, "")
	_, _ = c.Template(ctx, "", "a")
	_ = c.RemoveTemplate(ctx, "", "a")
	_, _ = c.Secrets(ctx)
	_, _, _ = c.Secret(ctx, "a")
	_, _ = c.PutSecret(ctx, "a", client.SecretRequest{}, "")
	_ = c.RemoveSecret(ctx, "a", nil)
	_, _ = c.RotateSecrets(ctx)
	for range c.Artifacts(ctx, "a") {
	}
	_, _ = c.Artifact(ctx, "a", client.Artifact{Path: "a"}, 0)
	_, _ = c.Upload(ctx, []byte("x"))
	_, _ = c.File(ctx, "sha256:"+strings.Repeat("0", 64))
	_, _ = c.InspectImage(ctx, "a")
	_, _ = c.Receipt(ctx, "a")
	_, _ = c.ReceiptKeys(ctx)
	_, _ = c.ReceiptSchema(ctx)
	_, _ = c.RotateReceiptKey(ctx)
	for range c.HostTenants(ctx) {
	}
	_, _, _ = c.HostTenant(ctx, "a")
	_, _, _ = c.PutHostTenant(ctx, "a", client.TenantSettings{}, "")
}

// TestEveryRoute: the client has a method for each route of the API, and none
// for a route that does not exist.
func TestEveryRoute(t *testing.T) {
	s := startSite(t)
	b, err := s.root().OpenAPI(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(b, &document); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	called := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		called[r.Method+" "+r.URL.Path] = true
		mu.Unlock()
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	for _, cred := range []client.Credential{{}, {Key: newKey(t)}} { // without a session no token is asked for
		c := client.New(client.Options{URL: strings.Replace(server.URL, "127.0.0.1", "localhost", 1), Credential: cred, Patience: -1})
		every(t.Context(), c)
		_, _ = c.Refresh(t.Context(), "a")
		c.Close()
	}
	for path, item := range document.Paths {
		for method := range item {
			route := strings.ToUpper(method) + " " + path
			found := slices.ContainsFunc(slices.Collect(maps.Keys(called)), func(one string) bool { return routeOf(route, one) })
			if _, nobody := nobodyCalls[route]; found == nobody {
				t.Errorf("%s: called %t", route, found)
			}
		}
	}
	for one := range called {
		method, path, _ := strings.Cut(one, " ")
		known := false
		for pattern, item := range document.Paths {
			_, has := item[strings.ToLower(method)]
			known = known || has && routeOf(method+" "+pattern, one)
		}
		if !known {
			t.Errorf("%s: there is no such route", method+" "+path)
		}
	}
}

// routeOf says whether a request is one of a route.
func routeOf(route, request string) bool {
	want, got := strings.Split(route, "/"), strings.Split(request, "/")
	if len(want) != len(got) {
		return false
	}
	for i, w := range want {
		g, err := url.PathUnescape(got[i])
		if err != nil || w != g && !strings.HasPrefix(w, "{") {
			return false
		}
	}
	return true
}
