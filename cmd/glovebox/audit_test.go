package main

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
)

// chain is a run of events as a store keeps them.
func chain(n int) []glovebox.AuditEvent {
	events := make([]glovebox.AuditEvent, n)
	for i := range events {
		e := &events[i]
		*e = glovebox.AuditEvent{Tenant: "acme", Seq: int64(i + 1), At: time.Unix(int64(i), 0).UTC(), Action: "job.submit", OK: true}
		if i > 0 {
			e.Prev = events[i-1].Hash
		}
		e.Hash = e.Sum()
	}
	return events
}

func each(events []glovebox.AuditEvent) iter.Seq2[glovebox.AuditEvent, error] {
	return func(yield func(glovebox.AuditEvent, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func TestVerifyChain(t *testing.T) {
	for _, n := range []int{0, 1, 2, auditRun, auditRun + 1, 3*auditRun + 7} {
		v, err := verifyChain(each(chain(n)), noted{})
		if err != nil || v.Events != int64(n) || v.Last != int64(n) {
			t.Errorf("%d: %+v, %v", n, v, err)
		}
	}
	const n = 2*auditRun + 5
	whole := chain(n)
	// Every place, those where runs meet above all.
	for _, at := range []int{1, 2, auditRun - 1, auditRun, auditRun + 1, auditRun + 2, 2 * auditRun, n - 2, n - 1} {
		for name, change := range map[string]func([]glovebox.AuditEvent) []glovebox.AuditEvent{
			"changed": func(e []glovebox.AuditEvent) []glovebox.AuditEvent { e[at].Actor = "nobody"; return e },
			"rehashed": func(e []glovebox.AuditEvent) []glovebox.AuditEvent {
				e[at-1].Actor = "x"
				e[at-1].Hash = e[at-1].Sum()
				return e
			},
			"removed":  func(e []glovebox.AuditEvent) []glovebox.AuditEvent { return append(e[:at-1], e[at:]...) },
			"repeated": func(e []glovebox.AuditEvent) []glovebox.AuditEvent { e[at] = e[at-1]; return e },
		} {
			if _, err := verifyChain(each(change(chain(n))), noted{}); glovebox.KindOf(err) != glovebox.KindInvalid {
				t.Errorf("%s at %d: %v", name, at, err)
			}
		}
	}
	if _, err := verifyChain(each(whole[1:]), noted{}); err == nil || !strings.Contains(err.Error(), "begins with event 2") {
		t.Error(err)
	}
	// What was noted shows what the chain itself cannot.
	keep := noted{seq: n, hash: whole[n-1].Hash}
	if _, err := verifyChain(each(whole), keep); err != nil {
		t.Error(err)
	}
	if _, err := verifyChain(each(whole[:n-1]), keep); err == nil || !strings.Contains(err.Error(), "ends with event") {
		t.Error(err)
	}
	anew := chain(n)
	for i := range anew {
		anew[i].Actor = "somebody else"
		if i > 0 {
			anew[i].Prev = anew[i-1].Hash
		}
		anew[i].Hash = anew[i].Sum()
	}
	if _, err := verifyChain(each(anew), noted{}); err != nil {
		t.Error("written anew, the chain is whole by itself:", err)
	}
	if _, err := verifyChain(each(anew), keep); err == nil || !strings.Contains(err.Error(), "another hash") {
		t.Error(err)
	}
}

func TestNoted(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	if got, err := parseNoted("12:" + strings.ToUpper(hash)); err != nil || got != (noted{12, hash}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"12", "12:", ":" + hash, "0:" + hash, "-1:" + hash, "12:" + hash[2:], "12:" + hash + "00", "x"} {
		if _, err := parseNoted(bad); glovebox.KindOf(err) != glovebox.KindUsage {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestAuditCommands: the log is shown and checked over the wire.
func TestAuditCommands(t *testing.T) {
	s := startSite(t)
	sh := s.loggedIn()
	has(t, sh.ok(t, "audit", "--since", "all", "--json"), `(?m)^\{"tenant":"acme","seq":1,`, `^$`)
	first := sh.ok(t, "audit", "verify")
	has(t, first, `(?m)^note this +\d+:[0-9a-f]{64}$`, `^$`)
	fields := strings.Fields(first.stdout)
	mark := fields[len(fields)-1]
	sh.ok(t, "passkeys", "list")
	has(t, sh.ok(t, "audit", "verify", "--expect", mark, "--json"), `"events": \d+`, `^$`)
	seq, _, _ := strings.Cut(mark, ":")
	got := sh.run(t, "audit", "verify", "--expect", seq+":"+strings.Repeat("00", 32))
	if got.code != glovebox.KindInvalid.Info().Exit {
		t.Errorf("%+v", got)
	}
	has(t, s.host().ok(t, "audit", "verify", "--tenant", "acme"), `(?m)^first +1$`, `^$`)
	has(t, sh.run(t, "audit", "--follow", "--until", "1h"), `^$`, `leave one out`)
	has(t, s.host().ok(t, "tenant", "set", "acme", "--concurrent-jobs", "7", "--memory", "4g", "--two-person"), `acme +- +7 .* 4.*G.* yes`, `^$`)
	has(t, s.host().ok(t, "tenant", "set", "acme", "--name", "Acme"), `acme +Acme +7 `, `^$`)
	has(t, sh.ok(t, "tenant", "show"), `(?m)^concurrent jobs +0 +7$`, `^$`)
	has(t, s.host().ok(t, "tenant", "list", "--json"), `"concurrentJobs": 7`, `^$`)
	has(t, s.host().ok(t, "recover", "--list"), `Ada`, `^$`)
	has(t, s.host().run(t, "recover"), `^$`, `who lost their passkeys\?`)
	has(t, s.host().run(t, "admin", "link", "--tenant", "acme"), `^$`, `there is an admin`)
}

// TestAuditNewest: the newest events are shown unless more is asked for, the
// oldest of them first, and --follow goes on where they end.
func TestAuditNewest(t *testing.T) {
	s := startSite(t)
	sh := s.loggedIn()
	for range auditTail {
		if _, err := s.ada.BeginPasskey(t.Context(), "x", nil); glovebox.KindOf(err) != glovebox.KindApproval {
			t.Fatal(err)
		}
	}
	lines := func(args ...string) []string {
		return strings.Split(strings.TrimSuffix(sh.ok(t, append([]string{"audit", "--json"}, args...)...).stdout, "\n"), "\n")
	}
	all := lines("--since", "all")
	if len(all) <= auditTail {
		t.Fatalf("only %d events", len(all))
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{nil, all[len(all)-auditTail:]},
		{[]string{"-n", "3"}, all[len(all)-3:]},
		{[]string{"--since", "all", "--limit", "2"}, all[len(all)-2:]},
		{[]string{"--limit", "10000"}, all},
		{[]string{"--since", "1h"}, all},
	} {
		if got := lines(c.args...); !slices.Equal(got, c.want) {
			t.Errorf("%v: %d lines\nwant %d", c.args, len(got), len(c.want))
		}
	}
	for _, c := range [][]string{{"--limit", "0"}, {"--limit", "10001"}, {"--tenant", "*", "--limit", "1"}, {"--tenant", "*", "--follow"}} {
		if got := sh.run(t, append([]string{"audit"}, c...)...); got.code != glovebox.KindUsage.Info().Exit {
			t.Errorf("%v: %+v", c, got)
		}
	}
	has(t, s.host().ok(t, "audit", "--tenant", "*"), `session\.open`, `^$`)

	// What comes while it waits is shown once, however often it asks; also where
	// nothing fitted at first.
	people, err := s.ada.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	refusal := func() {
		if err := s.ada.SetRole(t.Context(), people[0].ID, "viewer", nil); glovebox.KindOf(err) != glovebox.KindApproval {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		args []string
		want int
	}{{[]string{"--action", "person.role"}, 2}, {[]string{"--limit", "1"}, 3}} {
		pauses := 0
		sh.pause = func() error {
			switch pauses++; pauses {
			case 2, 3:
				refusal()
			case 5:
				return context.Canceled
			}
			return nil
		}
		got := sh.run(t, append([]string{"audit", "--follow"}, c.args...)...)
		if n := strings.Count(got.stdout, "person.role"); n != c.want || pauses != 5 {
			t.Errorf("%v: told of %d refusals after %d pauses\n%s", c.args, n, pauses, got.stdout)
		}
	}
}
