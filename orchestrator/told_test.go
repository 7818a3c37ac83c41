package orchestrator_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"glovebox"
)

// events returns a tenant's chain, checked.
func (r *rig) events(tenant string) []glovebox.AuditEvent {
	r.t.Helper()
	all, err := r.store.AuditEvents(context.Background(), glovebox.AuditFilter{Tenant: tenant, Limit: 1000})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := glovebox.VerifyChain(all); err != nil {
		r.t.Error(err)
	}
	return all
}

// actions is what happened to a job, in short.
func (r *rig) actions(tenant, job string) (all []string) {
	for _, e := range r.events(tenant) {
		if e.Target == job {
			all = append(all, e.Action+" by "+e.Actor)
		}
	}
	return all
}

// TestJobEvents: each job is told of when it comes, when somebody stops it, and
// when it ends, once each, and no secret of it.
func TestJobEvents(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		r.start()
		secret := "hunter2"
		spec := glovebox.Spec{Image: "here", Cmd: []string{"exit", "7", secret}, Entrypoint: []string{},
			Env: map[string]string{"TOKEN": secret}, Stdin: []byte(secret), Labels: map[string]string{"l": secret}}
		k := key("k", "body")
		done, _, err := r.Submit(t.Context(), of("a"), spec, k)
		if err != nil {
			t.Fatal(err)
		}
		if again, fresh, err := r.Submit(t.Context(), of("a"), spec, k); err != nil || fresh || again.ID != done.ID {
			t.Fatalf("%v %v", fresh, err)
		}
		stopped := r.submitOf("a", glovebox.Spec{Cmd: []string{"never"}})
		r.reaches(stopped.ID, glovebox.StatusRunning)
		for range 2 {
			if _, err := r.Cancel(t.Context(), of("a"), stopped.ID); err != nil {
				t.Fatal(err)
			}
		}
		failed := r.submitOf("a", glovebox.Spec{Cmd: []string{"fault", "start"}})
		r.allArchived(time.Minute)
		if _, err := r.Cancel(t.Context(), of("a"), done.ID); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string][]string{
			done.ID:    {"job.submit by somebody of a", "job.end by "},
			stopped.ID: {"job.submit by somebody of a", "job.cancel by somebody of a", "job.end by "},
			failed.ID:  {"job.submit by somebody of a", "job.end by "},
		} {
			if got := r.actions("a", id); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %q, want %q", id, got, want)
			}
		}
		details := map[string]map[string]string{}
		for _, e := range r.events("a") {
			if !e.OK || e.Kind != "" {
				t.Errorf("%+v", e)
			}
			details[e.Target+" "+e.Action] = e.Detail
		}
		if d := details[done.ID+" job.end"]; d["outcome"] != "COMPLETED" || d["exitCode"] != "7" || d["reason"] != "" {
			t.Errorf("%v", d)
		}
		if d := details[failed.ID+" job.end"]; d["outcome"] != "FAILED" || d["reason"] != "start_failed" {
			t.Errorf("%v", d)
		}
		if d := details[done.ID+" job.submit"]; d["image"] != "here" || d["runtime"] != "gvisor" || len(d["command"]) != 64 ||
			d["command"] == details[failed.ID+" job.submit"]["command"] {
			t.Errorf("%v", d)
		}
		text, _ := json.Marshal(r.events("a"))
		if strings.Contains(string(text), secret) {
			t.Errorf("a secret is in the log: %s", text)
		}
	})
}

// TestEventsOnLostReplies: a write whose reply is lost, or that somebody else
// was faster than, tells nothing twice.
func TestEventsOnLostReplies(t *testing.T) {
	inBubble(t, 2, func(r *rig) {
		f := r.withFaults()
		r.start()
		job := r.submitOf("a", glovebox.Spec{Cmd: []string{"never"}})
		r.reaches(job.ID, glovebox.StatusRunning)
		f.loseNext("UpdateJob")
		if _, err := r.Cancel(t.Context(), of("a"), job.ID); err == nil {
			t.Fatal("the reply was not lost")
		}
		if _, err := r.Cancel(t.Context(), of("a"), job.ID); err != nil {
			t.Fatal(err)
		}
		r.allArchived(time.Minute)
		want := []string{"job.submit by somebody of a", "job.cancel by somebody of a", "job.end by "}
		if got := r.actions("a", job.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("%q", got)
		}
	})
}

// TestRefusalEvents: a refusal by quota or policy is written down, each one,
// before it is given.
func TestRefusalEvents(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.withTown().gives("a", glovebox.Quota{QueuedJobs: 1})
		r.start()
		r.submitOf("a", sleep("5m"))
		r.submitOf("a", sleep("5m"))
		refuse := func(n int) {
			t.Helper()
			for range n {
				_, _, err := r.Submit(t.Context(), of("a"), glovebox.Spec{Image: "here", Cmd: []string{"secret"}}, nil)
				wantRefused(t, err, glovebox.KindTooMany, "quota.queuedJobs")
			}
		}
		refuse(3)
		_, _, err := r.Submit(t.Context(), of("a"), glovebox.Spec{Image: "here", Runtime: "runc"}, nil)
		wantRefused(t, err, glovebox.KindApproval, "runtime")
		if _, _, err := r.Submit(t.Context(), of("a"), glovebox.Spec{Image: "no image"}, nil); glovebox.KindOf(err) != glovebox.KindInvalid {
			t.Error(err) // a mistake, and nobody's power
		}
		var got []string
		for _, e := range r.events("a") {
			if e.OK {
				continue
			}
			got = append(got, string(e.Kind)+" "+e.Detail["field"])
			if e.Action != "job.submit" || e.Actor != "somebody of a" || e.Target != "" || len(e.Detail["command"]) != 64 {
				t.Errorf("%+v", e)
			}
		}
		one := "too_many quota.queuedJobs"
		want := []string{one, one, one, "approval_required runtime"}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		r.allArchived(20 * time.Minute)
	})
}

// TestNoRefusalWithoutEvent: a store that fails is said to fail, and what nobody
// could read about is not refused.
func TestNoRefusalWithoutEvent(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		f := r.withFaults()
		r.start()
		refused := func() error {
			_, _, err := r.Submit(t.Context(), of("a"), glovebox.Spec{Image: "here", Runtime: "runc"}, nil)
			return err
		}
		f.failNext("Commit")
		if err := refused(); glovebox.KindOf(err) != glovebox.KindUnavailable || len(r.events("a")) != 0 {
			t.Errorf("%v, and %d events", err, len(r.events("a")))
		}
		if wantRefused(t, refused(), glovebox.KindApproval, "runtime"); len(r.events("a")) != 1 {
			t.Errorf("%d events", len(r.events("a")))
		}
	})
}

// TestEventsCostNoCommit: the way of a job has two durable commits, with its
// events in them.
func TestEventsCostNoCommit(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		job := r.submit("exit", "0")
		r.archived(job.ID)
		if got := r.store.durable(job.ID); len(got) != 2 {
			t.Errorf("durable writes: %v", got)
		}
		if n := r.store.commits(); n != 0 {
			t.Errorf("%d commits besides", n)
		}
	})
}

// TestApprovals: what a tenant does not allow needs them, and they are kept.
func TestApprovals(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		town := r.withTown()
		r.node.Node.Runtimes = []string{"gvisor", "runc"}
		r.start()
		wide := glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}, Runtime: glovebox.RuntimeRunc}
		by := func(names ...string) (all []glovebox.Approval) {
			for _, n := range names {
				all = append(all, glovebox.Approval{By: n, At: time.Now(), Evidence: json.RawMessage(`{"signed":"` + n + `"}`)})
			}
			return all
		}
		submit := func(p glovebox.Principal, all []glovebox.Approval) (glovebox.Job, error) {
			job, _, err := r.SubmitApproved(t.Context(), p, wide, nil, all)
			return job, err
		}
		_, err := submit(of("a"), nil)
		wantRefused(t, err, glovebox.KindApproval, "runtime")
		job, err := submit(of("a"), by("person:1"))
		if err != nil {
			t.Fatal(err)
		}
		if kept := r.archived(job.ID).Approvals; len(kept) != 1 || kept[0].By != "person:1" || string(kept[0].Evidence) != `{"signed":"person:1"}` {
			t.Errorf("%+v", kept)
		}
		strict := glovebox.DefaultTenant("a")
		strict.TwoPerson = true
		town.all["a"] = strict
		for _, few := range [][]glovebox.Approval{by("person:1"), by("person:1", "person:1")} {
			_, err = submit(of("a"), few)
			wantRefused(t, err, glovebox.KindApproval, "approvals")
		}
		if _, err = submit(of("a"), by("person:1", "person:2")); err != nil {
			t.Error(err)
		}
		operator := of("a")
		operator.Kind = glovebox.PrincipalOperator
		if _, err = submit(operator, nil); err != nil {
			t.Error(err)
		}
		free := glovebox.DefaultTenant("b")
		free.Runtimes = []string{glovebox.RuntimeGVisor, glovebox.RuntimeRunc}
		town.all["b"] = free
		if _, err = submit(of("b"), nil); err != nil {
			t.Error(err)
		}
		r.allArchived(time.Minute)
	})
}

// TestStdinFails: a job whose input cannot be kept gives its room back.
func TestStdinFails(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.config.Output = noStdin{r.logs}
		r.start()
		spec := glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}, Stdin: []byte("x")}
		for range 3 {
			if _, _, err := r.Submit(t.Context(), me, spec, nil); glovebox.KindOf(err) != glovebox.KindUnavailable {
				t.Fatal(err)
			}
		}
		r.nothingLeft()
		r.submit("exit", "0")
		r.allArchived(time.Minute)
	})
}

type noStdin struct{ *logs }

func (noStdin) PutStdin(context.Context, string, []byte) error {
	return glovebox.Errorf(glovebox.KindUnavailable, "no room")
}
