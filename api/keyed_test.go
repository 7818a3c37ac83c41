package api_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/api/wire"
	"glovebox/identity"
)

const key = "Idempotency-Key: k1"

// TestKeyOfEveryPost: the document says what a key does for each POST, and none
// takes one that is none.
func TestKeyOfEveryPost(t *testing.T) {
	w := newWorld(t)
	n := 0
	for path, ops := range w.doc.paths {
		op, ok := ops["post"]
		if !ok {
			continue
		}
		n++
		told := false
		for _, p := range op.Parameters {
			told = told || p.In == "header" && p.Name == "Idempotency-Key"
		}
		if !told {
			t.Errorf("%s does not say what a key does", op.OperationID)
		}
		if strings.HasPrefix(path, "/v1/me/") || strings.HasPrefix(path, "/v1/images/i") || strings.HasSuffix(path, "stdin") {
			continue // not for the operator, or with a body of another kind
		}
		a := w.do("POST", strings.NewReplacer("{id}", "jx").Replace(path), `{"containerImage":"a"}`, key, key)
		if a.StatusCode != http.StatusForbidden && (a.StatusCode != 422 || !strings.Contains(string(a.body), "duplicate_field")) {
			t.Errorf("%s: two keys: %d %s", path, a.StatusCode, a.body)
		}
	}
	if n < 20 {
		t.Errorf("%d routes", n)
	}
}

// TestAnswerIsReplayed: a repeated call is not made again and gets the first
// answer, and only for who made it.
func TestAnswerIsReplayed(t *testing.T) {
	w := newWorld(t)
	p := w.admin("acme")
	dev := p.invite("Dev", identity.RoleDeveloper)
	pulls := 0
	w.Images.Fail(func(string) error { pulls++; return nil })
	pull := func(p *person, body string) answer { return p.do("POST", "/v1/images/pull", body, key) }
	first := pull(p, `{"name":"a:1"}`)
	w.want(first, http.StatusOK, nil)
	again := w.over(p.browse(w.request("POST", "/v1/images/pull", ` {"name" : "a:1"}`, key)))
	w.want(again, http.StatusOK, nil)
	if string(again.body) != string(first.body) || again.Header.Get("Idempotency-Replayed") != "true" || first.Header.Get("Idempotency-Replayed") != "" ||
		again.Header.Get("Content-Type") != first.Header.Get("Content-Type") || pulls != 1 {
		t.Errorf("%d pulls, %s %v, then %s %v", pulls, first.body, first.Header, again.body, again.Header)
	}
	w.problem(pull(p, `{"name":"a:2"}`), glovebox.KindKeyReused, "Idempotency-Key")
	w.want(pull(dev, `{"name":"a:2"}`), http.StatusOK, nil) // another caller's key is another one
	w.want(p.do("POST", "/submit", `{"containerImage":"a"}`, key), http.StatusAccepted, nil)
	if pulls != 2 {
		t.Errorf("%d pulls", pulls)
	}
}

// TestKeyExpires: after a day a key is free, and a new call is made under it.
func TestKeyExpires(t *testing.T) {
	w := newWorld(t)
	pulls := 0
	w.Images.Fail(func(string) error { pulls++; return nil })
	for range 2 {
		for range 2 {
			w.want(w.do("POST", "/v1/images/pull", `{"name":"a:1"}`, key), http.StatusOK, nil)
		}
		w.clock.pass(24*time.Hour + time.Second)
	}
	if pulls != 2 {
		t.Errorf("%d pulls", pulls)
	}
}

// TestFailedCallFreesItsKey: what was refused may be tried again with the same
// key; what broke by our fault may have been done, so it may not.
func TestFailedCallFreesItsKey(t *testing.T) {
	w := newWorld(t)
	var fail error = glovebox.Errorf(glovebox.KindImageUnknown, "no such image")
	w.Images.Fail(func(string) error { return fail })
	pull := func(headers ...string) answer {
		return w.do("POST", "/v1/images/pull", `{"name":"a:1"}`, append(headers, key)...)
	}
	for range 2 {
		w.problem(pull(), glovebox.KindImageUnknown, "")
	}
	w.want(pull("Accept: text/event-stream"), http.StatusOK, nil) // a stream is not kept: its key is free again, too
	fail = glovebox.Errorf(glovebox.KindInternal, "broken")
	w.problem(pull(), glovebox.KindInternal, "")
	fail = nil
	p := w.problem(pull(), glovebox.KindConflict, "Idempotency-Key")
	if !strings.Contains(p.Detail, "running, or broke off") {
		t.Errorf("%+v", p)
	}
	w.want(w.do("POST", "/v1/images/pull", `{"name":"a:1"}`, "Idempotency-Key: k2"), http.StatusOK, nil)
}

// TestSameKeyAtOnce: of calls that come together, one is made.
func TestSameKeyAtOnce(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	pulls, counts := 0, map[int]int{}
	hold := make(chan struct{})
	w.Images.Fail(func(string) error {
		mu.Lock()
		pulls++
		mu.Unlock()
		<-hold
		return nil
	})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			a := w.do("POST", "/v1/images/pull", `{"name":"a:1"}`, key)
			mu.Lock()
			defer mu.Unlock()
			if counts[a.StatusCode]++; a.StatusCode == http.StatusConflict && counts[a.StatusCode] == 9 {
				close(hold)
			}
		})
	}
	all.Wait()
	if pulls != 1 || counts[http.StatusOK] != 1 {
		t.Errorf("%d pulls, %v", pulls, counts)
	}
}

// TestSecretsAreNotKept: the answer that held a link is given once and written
// down nowhere; a repeated call is told that it was done.
func TestSecretsAreNotKept(t *testing.T) {
	w := newWorld(t, func(c *api.Config) {
		c.Auth = func(*http.Request) (identity.Caller, error) { return identity.Operator(0), nil }
	})
	link := func() answer { return w.do("POST", "/v1/host/links", `{"purpose":"first_admin","tenant":"acme"}`, key) }
	first := link()
	w.want(first, http.StatusCreated, nil)
	_, token, ok := strings.Cut(string(first.body), "/enrol#")
	if !ok {
		t.Fatalf("%s", first.body)
	}
	if p := w.problem(link(), glovebox.KindConflict, "Idempotency-Key"); !strings.Contains(p.Detail, "this was done") {
		t.Errorf("%+v", p)
	}
	token, _, _ = strings.Cut(token, `"`)
	_, secret, _ := strings.Cut(token, ".")
	kept, err := w.store.ListRecords(t.Context(), "idempotency", "", "", 100)
	if err != nil || len(kept) != 1 || len(secret) < 20 {
		t.Fatal(err, len(kept), token)
	}
	if strings.Contains(string(kept[0].Value), secret) || strings.Contains(kept[0].Key, "k1") {
		t.Errorf("%s", kept[0].Value)
	}
	if kept[0].Expires.Sub(w.clock.now()) > 24*time.Hour {
		t.Errorf("kept until %s", kept[0].Expires)
	}
}

// TestKeyOfOpenRoute has no effect: the call is made each time.
func TestKeyOfOpenRoute(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		a := w.over(w.request("POST", "/v1/login/begin", "{}", key))
		w.want(a, http.StatusOK, nil)
		if a.Header.Get("Idempotency-Replayed") != "" {
			t.Error("replayed")
		}
	}
	kept, err := w.store.ListRecords(t.Context(), "idempotency", "", "", 1)
	if err != nil || len(kept) > 0 {
		t.Error(err, kept)
	}
}

// TestSubmitAlias: both names of the way in are one, with one space of keys.
func TestSubmitAlias(t *testing.T) {
	w := newWorld(t)
	var first, second wire.Job
	w.want(w.do("POST", "/submit", `{"containerImage":"a","cmd":["x"]}`, key), http.StatusAccepted, &first)
	a := w.do("POST", "/v1/jobs", `{"cmd":["x"],"containerImage":"a"}`, key)
	w.want(a, http.StatusAccepted, &second)
	if first.ID != second.ID || a.Header.Get("Idempotency-Replayed") != "true" || a.Header.Get("Location") != "/v1/jobs/"+first.ID {
		t.Errorf("%s, %s, %v", first.ID, second.ID, a.Header)
	}
	w.problem(w.do("POST", "/submit", `{"containerImage":"b"}`, key), glovebox.KindKeyReused, "Idempotency-Key")
	w.problem(w.do("GET", "/submit", ""), glovebox.KindMethod, "")
}

// TestKeysAreOnesOwn: a key that somebody else of the tenant has used is free.
func TestKeysAreOnesOwn(t *testing.T) {
	w := newWorld(t)
	ada := w.admin("acme")
	bob := ada.invite("Bob", identity.RoleDeveloper)
	var first, second, again wire.Job
	w.want(ada.do("POST", "/v1/jobs", `{"containerImage":"a"}`, key), http.StatusAccepted, &first)
	w.want(bob.do("POST", "/v1/jobs", `{"containerImage":"b"}`, key), http.StatusAccepted, &second)
	w.want(bob.do("POST", "/v1/jobs", `{"containerImage":"b"}`, key), http.StatusAccepted, &again)
	if first.ID == second.ID || again.ID != second.ID {
		t.Errorf("%s, %s, %s", first.ID, second.ID, again.ID)
	}
}

// approvals takes one approval for anything.
type approvals struct {
	took []string
	err  error
}

// TakeApproval implements api.Approvals.
func (a *approvals) TakeApproval(_ context.Context, c identity.Caller, id, key string, spec glovebox.Spec) ([]glovebox.Approval, error) {
	a.took = append(a.took, c.Name+" "+id+" "+key+" "+spec.Image)
	return []glovebox.Approval{{By: "person:1", At: time.Unix(1, 0).UTC(), Evidence: []byte(`{"n":12345678901234567890,"s":"AA=="}`)}}, a.err
}

func (a *approvals) TakePolicyChange(_ context.Context, c identity.Caller, id, _ string, change identity.PolicyChange) ([]glovebox.Approval, error) {
	a.took = append(a.took, c.Name+" "+id+" "+change.Job)
	return nil, a.err
}

func (a *approvals) TakeSecretChange(_ context.Context, c identity.Caller, id string, change identity.SecretChange) ([]glovebox.Approval, error) {
	a.took = append(a.took, c.Name+" "+id+" "+change.Name)
	return nil, a.err
}

// TestApprovalHeader: the approval that the caller names is taken for the job,
// and the job shows its evidence as it was.
func TestApprovalHeader(t *testing.T) {
	model := &approvals{}
	w := newWorld(t, func(c *api.Config) { c.Approvals = model })
	const id = "Glovebox-Approval: apr_0123456789abcdefghjk"
	var job wire.Job
	a := w.do("POST", "/v1/jobs", `{"containerImage":"a"}`, id, key)
	w.want(a, http.StatusAccepted, &job)
	if len(job.Approvals) != 1 || job.Approvals[0].By != "person:1" || string(job.Approvals[0].Evidence) != `{"n":12345678901234567890,"s":"AA=="}` {
		t.Errorf("%s", a.body)
	}
	if len(model.took) != 1 || !strings.HasSuffix(model.took[0], fmt.Sprintf(" apr_0123456789abcdefghjk uid:%d k1 a", os.Getuid())) {
		t.Errorf("%q", model.took)
	}
	model.err = glovebox.Errorf(glovebox.KindApproval, "1 of 2 people have signed")
	w.problem(w.do("POST", "/v1/jobs", `{"containerImage":"a"}`, id), glovebox.KindApproval, "")
	w.problem(w.do("POST", "/v1/jobs", `{"containerImage":"a"}`, id, id), glovebox.KindDuplicateField, "Glovebox-Approval")
	w.problem(w.do("POST", "/v1/jobs", `{"containerImage":"a"}`, "Glovebox-Approval: ../x"), glovebox.KindInvalid, "Glovebox-Approval")
	w = newWorld(t, func(c *api.Config) { c.Approvals = nil })
	w.problem(w.do("POST", "/v1/jobs", `{"containerImage":"a"}`, id), glovebox.KindInvalid, "Glovebox-Approval")
}
