package identity

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"glovebox"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// callers are one of each kind that there can be.
func callers() []struct {
	name string
	Caller
} {
	person := func(role Role, kind SessionKind) Caller {
		return Caller{Principal: glovebox.Principal{Kind: PrincipalPerson, Name: "person:x", Tenant: testTenant}, Subject: "x", Role: role,
			Session: Session{ID: "ses_x", Kind: kind}}
	}
	workload := Caller{Principal: glovebox.Principal{Kind: PrincipalWorkload, Name: "workload:x", Tenant: testTenant}, Subject: "x",
		Session: Session{ID: "ses_x", Kind: SessionWorkload, Actions: Actions()}}
	return []struct {
		name string
		Caller
	}{
		{"admin", person(RoleAdmin, SessionBrowser)}, {"developer", person(RoleDeveloper, SessionKey)}, {"viewer", person(RoleViewer, SessionBrowser)},
		{"workload", workload}, {"root", Operator(0)}, {"operator", Operator(1000)}, {"recovery", person(RoleAdmin, SessionRecovery)},
	}
}

// TestRoleTable holds every action for every kind of caller against a table
// that people read. A workload is one whose rule names every action there is.
func TestRoleTable(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, "%-18s", "action")
	for _, c := range callers() {
		fmt.Fprintf(&b, " %-9s", c.name)
	}
	b.WriteString(" signature\n")
	for _, a := range Actions() {
		fmt.Fprintf(&b, "%-18s", a)
		for _, c := range callers() {
			word := "-"
			if c.Allowed(a) {
				word = "yes"
			}
			fmt.Fprintf(&b, " %-9s", word)
		}
		fmt.Fprintf(&b, " %v\n", map[bool]string{true: "needed", false: "-"}[a.NeedsSignature()])
	}
	const golden = "testdata/roles.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the role table is not %s:\n%s", golden, b.String())
	}
	for _, c := range append(callers(), struct {
		name string
		Caller
	}{"nobody", Caller{}}) {
		if c.Allowed("made.up") || c.Allowed("") {
			t.Errorf("%s may do what does not exist", c.name)
		}
		if c.name == "nobody" {
			for _, a := range Actions() {
				if c.Allowed(a) {
					t.Errorf("nobody may do %s", a)
				}
			}
		}
	}
}

// TestOperatorHasNoPasskey: what is the operator's to do needs no signature,
// and what needs one is not the operator's, but for what a host must be able to
// do without people.
func TestOperatorHasNoPasskey(t *testing.T) {
	w := newWorld(t)
	for _, a := range Actions() {
		_, _, err := w.s.BeginStepUp(w.ctx, Operator(0), Operation{Action: a})
		expectKind(t, err, glovebox.KindDenied)
	}
	if Operator(0).Tenant != glovebox.LocalTenant || Operator(0).Name != "uid:0" || Operator(7).Role != RoleDeveloper {
		t.Errorf("%+v, %+v", Operator(0), Operator(7))
	}
}

// TestEverySessionCanLeave: also those that may do next to nothing.
func TestEverySessionCanLeave(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	codes := must(w.s.MakeCodes(w.ctx, m.caller(), m.sign(CodesOperation())))(t)
	v, cookie, err := w.s.UseCode(w.ctx, codes[0], "")
	if err != nil {
		t.Fatal(err)
	}
	c := must(w.s.Authenticate(w.ctx, Presented{Cookie: cookie}))(t)
	expectKind(t, w.s.Authorize(w.ctx, c, ActionSessionLeave, ""), "")
	expectKind(t, w.s.Authorize(w.ctx, c, ActionSessionEnd, ""), glovebox.KindDenied)
	expectKind(t, w.s.EndSession(w.ctx, c, m.caller().Session.ID), glovebox.KindDenied)
	expectKind(t, w.s.EndSession(w.ctx, c, v.ID), "")
	w.clock.pass(time.Second)
	w.wantRefused(func() error { _, err := w.s.Authenticate(w.ctx, Presented{Cookie: cookie}); return err })
}
