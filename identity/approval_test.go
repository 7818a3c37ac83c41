package identity

import (
	"encoding/json"
	"strings"
	"testing"

	"glovebox"
)

var widening = []string{"runtime: runc"}

// testDigest ends the name of an image.
var testDigest = "@sha256:" + strings.Repeat("0123456789abcdef", 4)

func testSpec(t *testing.T, change ...func(*glovebox.Spec)) glovebox.Spec {
	t.Helper()
	s := glovebox.Spec{Image: "busybox:bar" + testDigest, Cmd: []string{"true"}, Env: map[string]string{"TOKEN": "hunter2"}, Runtime: glovebox.RuntimeRunc}
	for _, f := range change {
		f(&s)
	}
	return must(s.Complete())(t)
}

// signApproval has m sign a request.
func (m *member) signApproval(id string) (Approval, error) {
	m.w.t.Helper()
	c := m.caller()
	challenge, _, options, err := m.w.s.BeginSignature(m.w.ctx, c, id)
	if err != nil {
		return Approval{}, err
	}
	return m.w.s.SignApproval(m.w.ctx, c, id, challenge, m.device.get(m.w.t, options))
}

func TestApprovalOfOne(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	a := must(w.s.RequestApproval(w.ctx, m.caller(), testSpec(t), widening, 1))(t)
	if _, err := w.s.TakeApproval(w.ctx, m.caller(), a.ID, "", testSpec(t)); glovebox.KindOf(err) != glovebox.KindApproval {
		t.Fatalf("taken without a signature: %v", err)
	}
	must(m.signApproval(a.ID))(t)
	evidence := must(w.s.TakeApproval(w.ctx, m.caller(), a.ID, "", testSpec(t)))(t)
	if len(evidence) != 1 || evidence[0].By != m.caller().Name {
		t.Fatalf("evidence: %+v", evidence)
	}
	var signed SignedOperation
	if err := json.Unmarshal(evidence[0].Evidence, &signed); err != nil {
		t.Fatal(err)
	}
	if err := VerifySigned(signed, testRPID, []string{testOrigin}); err != nil {
		t.Fatal(err)
	}
	var said signedJob
	if err := json.Unmarshal(signed.Operation.Parameters, &said); err != nil {
		t.Fatal(err)
	}
	if said.Job != SpecSum(testSpec(t)) || said.Image != "busybox:bar"+testDigest || "@"+said.Digest != testDigest {
		t.Fatalf("signed: %+v", said)
	}
	if err := glovebox.CheckApprovals(evidence, glovebox.Tenant{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.TakeApproval(w.ctx, m.caller(), a.ID, "", testSpec(t)); glovebox.KindOf(err) != glovebox.KindApproval {
		t.Fatalf("taken twice: %v", err)
	}
}

// TestApprovalIsForOneJob: whatever is changed of the job afterwards, the
// signature is not for it.
func TestApprovalIsForOneJob(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	a := must(w.s.RequestApproval(w.ctx, m.caller(), testSpec(t), widening, 1))(t)
	must(m.signApproval(a.ID))(t)
	for name, change := range map[string]func(*glovebox.Spec){
		"image":                             func(s *glovebox.Spec) { s.Image = "busybox:baz" + testDigest },
		"image without its digest":          func(s *glovebox.Spec) { s.Image = "busybox:bar" },
		"digest":                            func(s *glovebox.Spec) { s.Image = "busybox:bar@sha256:" + strings.Repeat("0", 64) },
		"cmd":                               func(s *glovebox.Spec) { s.Cmd = []string{"false"} },
		"env":                               func(s *glovebox.Spec) { s.Env = map[string]string{"TOKEN": "hunter3"} },
		"stdin":                             func(s *glovebox.Spec) { s.Stdin = []byte("x") },
		"stream":                            func(s *glovebox.Spec) { s.StdinStream = true },
		"memory":                            func(s *glovebox.Spec) { s.Limits.Memory = 1 << 30 },
		"timeout":                           func(s *glovebox.Spec) { s.Timeout = glovebox.Duration(glovebox.MaxTimeout) },
		"label":                             func(s *glovebox.Spec) { s.Labels = map[string]string{"a": "b"} },
		"user":                              func(s *glovebox.Spec) { s.User = "1" },
		"no more of the image's entrypoint": func(s *glovebox.Spec) { s.Entrypoint = []string{} },
	} {
		if _, err := w.s.TakeApproval(w.ctx, m.caller(), a.ID, "", testSpec(t, change)); glovebox.KindOf(err) != glovebox.KindConflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(w.s.TakeApproval(w.ctx, m.caller(), a.ID, "", testSpec(t)))(t) // the control
}

// TestApprovalIsForContent: what an image's name stands for can be changed after
// people signed, so that a name alone is not signed, however it is spelled.
func TestApprovalIsForContent(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	ask := func(image string) (Approval, error) {
		return w.s.RequestApproval(w.ctx, m.caller(), testSpec(t, func(s *glovebox.Spec) { s.Image = image }), widening, 1)
	}
	digest := testDigest[1:]
	for _, image := range []string{
		"busybox", "busybox:bar", "busybox/" + digest, "busybox" + testDigest + ":bar", "busybox" + testDigest + "0", "busybox" + testDigest[:70],
		"busybox@sha512:" + strings.Repeat("0", 128), "busybox@sha256:" + strings.Repeat("F", 64), "x" + digest, digest + "/busybox", digest + " ",
	} {
		_, err := ask(image)
		if e := glovebox.AsError(err); err == nil || e.Kind != glovebox.KindInvalid || e.Field != "containerImage" || e.Hint == "" {
			t.Errorf("%s: %v", image, err)
		}
	}
	if all := must(w.s.Approvals(w.ctx, m.caller()))(t); len(all) != 0 {
		t.Errorf("left: %+v", all)
	}
	long := "r.example/" + strings.Repeat("a/", 400) + "b:tag" + testDigest
	for _, image := range []string{"busybox" + testDigest, "busybox:bar" + testDigest, "r.example:5000/a/b" + testDigest, digest, long} {
		var said signedJob
		if err := json.Unmarshal(must(ask(image))(t).Operation.Parameters, &said); err != nil {
			t.Fatal(err)
		}
		if said.Image != image || said.Digest != digest {
			t.Errorf("%s: signed as %s, %s", image, said.Image, said.Digest)
		}
	}
}

func TestApprovalOfTwo(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	second, viewer := m.invite("Grace", RoleDeveloper), m.invite("Vera", RoleViewer)
	a := must(w.s.RequestApproval(w.ctx, m.caller(), testSpec(t), widening, 2))(t)
	must(m.signApproval(a.ID))(t)
	if _, err := m.signApproval(a.ID); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Errorf("one person signed twice: %v", err)
	}
	if _, err := viewer.signApproval(a.ID); glovebox.KindOf(err) != glovebox.KindDenied {
		t.Errorf("a viewer signed: %v", err)
	}
	if _, err := w.s.TakeApproval(w.ctx, m.caller(), a.ID, "", testSpec(t)); glovebox.KindOf(err) != glovebox.KindApproval {
		t.Errorf("taken with one of two: %v", err)
	}
	must(second.signApproval(a.ID))(t)
	if _, err := w.s.TakeApproval(w.ctx, second.caller(), a.ID, "", testSpec(t)); glovebox.KindOf(err) != glovebox.KindApproval {
		t.Errorf("taken by somebody else: %v", err)
	}
	evidence := must(w.s.TakeApproval(w.ctx, m.caller(), a.ID, "", testSpec(t)))(t)
	if err := glovebox.CheckApprovals(evidence, glovebox.Tenant{TwoPerson: true}); err != nil {
		t.Error(err)
	}
}

// TestApprovalLapses: what made a signature count may go before it is used.
func TestApprovalLapses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *world, admin, signer *member)
		want  glovebox.Kind
	}{
		"nothing": {func(*world, *member, *member) {}, ""},
		"time":    {func(w *world, _, _ *member) { w.clock.pass(approvalLife) }, glovebox.KindNotFound},
		"role": {func(w *world, m, signer *member) {
			id := signer.caller().Subject
			must(0, w.s.SetRole(w.ctx, m.caller(), id, RoleViewer, m.sign(RoleOperation(id, RoleViewer))))(w.t)
		}, glovebox.KindApproval},
		"disabled": {func(w *world, m, signer *member) {
			id := signer.caller().Subject
			must(0, w.s.Disable(w.ctx, m.caller(), id, m.sign(DisableOperation(id))))(w.t)
		}, glovebox.KindApproval},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := w.admin()
			signer := m.invite("Grace", RoleDeveloper)
			a := must(w.s.RequestApproval(w.ctx, m.caller(), testSpec(t), widening, 1))(t)
			must(signer.signApproval(a.ID))(t)
			asker := m.caller()
			c.spoil(w, m, signer)
			if _, err := w.s.TakeApproval(w.ctx, asker, a.ID, "", testSpec(t)); glovebox.KindOf(err) != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestApprovalOfAnotherTenant(t *testing.T) {
	w := newWorld(t)
	m, other := w.admin(), w.adminOf("other")
	a := must(w.s.RequestApproval(w.ctx, m.caller(), testSpec(t), widening, 1))(t)
	if _, err := w.s.Approval(w.ctx, other.caller(), a.ID); glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Errorf("read: %v", err)
	}
	if _, err := other.signApproval(a.ID); glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Errorf("signed: %v", err)
	}
	if all := must(w.s.Approvals(w.ctx, other.caller()))(t); len(all) != 0 {
		t.Errorf("listed: %+v", all)
	}
	if all := must(w.s.Approvals(w.ctx, m.caller()))(t); len(all) != 1 {
		t.Errorf("own: %+v", all)
	}
}

// TestApprovalIsTakenAgain: whose answer was lost repeats the submission, and
// its key makes it the same one; nobody else may.
func TestApprovalIsTakenAgain(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	a := must(w.s.RequestApproval(w.ctx, m.caller(), testSpec(t), widening, 1))(t)
	must(m.signApproval(a.ID))(t)
	first := must(w.s.TakeApproval(w.ctx, m.caller(), a.ID, "key", testSpec(t)))(t)
	again := must(w.s.TakeApproval(w.ctx, m.caller(), a.ID, "key", testSpec(t)))(t)
	if asJSON(first) != asJSON(again) {
		t.Error("other evidence the second time")
	}
	for _, key := range []string{"", "-", "other"} {
		if _, err := w.s.TakeApproval(w.ctx, m.caller(), a.ID, key, testSpec(t)); glovebox.KindOf(err) != glovebox.KindApproval {
			t.Errorf("key %q: %v", key, err)
		}
	}
	if _, err := w.s.TakeApproval(w.ctx, m.caller(), a.ID, "key", testSpec(t, func(s *glovebox.Spec) { s.User = "1" })); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Errorf("another job: %v", err)
	}
}

// TestOpenApprovals: one tenant has so many requests open and no more, whatever
// others have.
func TestOpenApprovals(t *testing.T) {
	w := newWorld(t)
	m, other := w.admin(), w.adminOf("other")
	ask := func(m *member) (Approval, error) {
		return w.s.RequestApproval(w.ctx, m.caller(), testSpec(t), widening, 1)
	}
	first := must(ask(m))(t)
	for range maxApprovals - 1 {
		must(ask(m))(t)
	}
	_, err := ask(m)
	expectKind(t, err, glovebox.KindTooMany)
	must(ask(other))(t)
	must(m.signApproval(first.ID))(t)
	must(w.s.TakeApproval(w.ctx, m.caller(), first.ID, "", testSpec(t)))(t)
	must(ask(m))(t) // one was used up
	w.clock.pass(approvalLife)
	must(ask(m))(t)
}

// TestEntrypointIsShown: that the image's entrypoint is not to run is something
// that people see before they sign.
func TestEntrypointIsShown(t *testing.T) {
	var said struct {
		Entrypoint *[]string `json:"entrypoint"`
	}
	for name, entrypoint := range map[string][]string{"the image's": nil, "none": {}, "another": {"sh"}} {
		said.Entrypoint = nil
		o := jobOperation("apr-1", "person:a", testSpec(t, func(s *glovebox.Spec) { s.Entrypoint = entrypoint }), widening)
		if err := json.Unmarshal(o.Parameters, &said); err != nil {
			t.Fatal(err)
		}
		if (said.Entrypoint == nil) != (entrypoint == nil) {
			t.Errorf("%s: %s", name, o.Parameters)
		}
	}
}

// TestRefusedApprovalsAreTold: who tries to use what is not theirs, not signed,
// or used up leaves an event.
func TestRefusedApprovalsAreTold(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	other := m.invite("Grace", RoleDeveloper)
	a := must(w.s.RequestApproval(w.ctx, m.caller(), testSpec(t), widening, 1))(t)
	told := func() int {
		all := must(w.store.AuditEvents(w.ctx, glovebox.AuditFilter{Tenant: testTenant, Action: "approval.use", Limit: 1000}))(t)
		n := 0
		for _, e := range all {
			if !e.OK {
				n++
			}
		}
		return n
	}
	for i, who := range []*member{m, other} { // not signed, not theirs
		if _, err := w.s.TakeApproval(w.ctx, who.caller(), a.ID, "", testSpec(t)); err == nil || told() != i+1 {
			t.Errorf("%d: %v, told %d times", i, err, told())
		}
	}
	must(m.signApproval(a.ID))(t)
	must(w.s.TakeApproval(w.ctx, m.caller(), a.ID, "", testSpec(t)))(t)
	if _, err := w.s.TakeApproval(w.ctx, m.caller(), a.ID, "", testSpec(t)); err == nil || told() != 3 {
		t.Errorf("used up: %v, told %d times", err, told())
	}
}
