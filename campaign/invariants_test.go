package campaign

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"glovebox"
	"glovebox/output"
	"glovebox/receipt"
)

// settled waits until nothing moves any more, and then checks what must hold
// after any run, whatever went wrong in it:
//
//	acknowledged = ended    every job that a client was told of is archived, within a bound
//	once                    no sandbox of an attempt was started twice
//	none without a lease    nothing is left on any node, and no control keeps room for anything
//	terminal is terminal    and each status follows from the one before (witness)
//	one event for each      submit, cancel and end, in the write that did it, in a chain that verifies
//	final                   output is whole where the job completed, and never more than was written
//	attested                the receipt is there, and verifies
//	linear                  the store's answers could have come one after the other (history)
//
// may says which other ends a job may have come to.
func (w *world) settled(limit time.Duration, c *clients, asks []ask, may func(ask, glovebox.Job, end) bool) {
	t := w.t
	t.Helper()
	if !w.until(limit, w.quiet) {
		t.Errorf("not settled %s after the last client: %s", limit, strings.Join(w.unsettled(), "; "))
		count("left", len(w.unsettled()))
	}
	for _, wrong := range w.store.seen() {
		t.Error(wrong)
	}
	jobs := w.store.jobs()
	count("jobs", len(jobs))
	byID := map[string]glovebox.Job{}
	for _, j := range jobs {
		byID[j.ID] = j
		w.once(j)
	}
	if len(jobs) != len(asks) {
		t.Errorf("%d jobs were stored for %d that were asked for", len(jobs), len(asks))
		count("doubled", max(0, len(jobs)-len(asks)))
	}
	for _, a := range asks {
		j, known := byID[c.ids[a.name]]
		if !known || j.Status != glovebox.StatusArchived {
			t.Errorf("%s, which was acknowledged, is %q", a.name, j.Status)
			count("lost", 1)
			continue
		}
		w.ended(a, j, may)
	}
	w.audited(jobs)
}

// quiet says whether everything is over.
func (w *world) quiet() bool { return len(w.unsettled()) == 0 }

// unsettled is what is not over yet.
func (w *world) unsettled() (all []string) {
	for _, j := range w.store.jobs() {
		if j.Status != glovebox.StatusArchived {
			all = append(all, fmt.Sprintf("job %s is %s since %s", j.ID, j.Status, w.store.path(j.ID)))
		}
	}
	for _, n := range w.nodes {
		all = append(all, n.left()...)
	}
	for _, c := range w.controls {
		l := c.serving()
		if l == nil {
			all = append(all, "control "+c.name+" is dead")
		} else if l.Running()+l.Waiting() > 0 {
			all = append(all, fmt.Sprintf("control %s has %d running and %d waiting", c.name, l.Running(), l.Waiting()))
		}
	}
	return all
}

// once checks that a job's command ran at most once in each attempt, and at most
// once in all if the job has not said that more does no harm.
func (w *world) once(j glovebox.Job) {
	all := 0
	for attempt := 1; attempt <= j.Attempt+1; attempt++ {
		id, total := glovebox.SandboxID(j.ID, attempt), 0
		for _, n := range w.nodes {
			total += n.starts.of(id)
		}
		all += total
		if total > 1 || total > 0 && attempt > j.Attempt {
			w.t.Errorf("sandbox %s was started %d times, and the job has %d attempts", id, total, j.Attempt)
			count("doubled", 1)
		}
		if attempt == j.Attempt && total == 0 && j.Outcome == glovebox.StatusCompleted {
			w.t.Errorf("%s completed and was never started", j.ID)
		}
	}
	if all > 1 && !j.Spec.Idempotent {
		w.t.Errorf("%s was started %d times in %d attempts", j.ID, all, j.Attempt)
		count("doubled", 1)
	}
}

// ended checks one job's end against what its client asked for.
func (w *world) ended(a ask, j glovebox.Job, may func(ask, glovebox.Job, end) bool) {
	due, code, stdout, stderr := a.due()
	is := end{j.Outcome, j.Reason}
	if is != due && (may == nil || !may(a, j, is)) {
		w.t.Errorf("%s (%v of %s), job %s on %s, ended as %s %s (%v) after %s, not as %s %s", a.name, a.spec.Cmd, a.spec.Image, j.ID, j.Node,
			is.outcome, is.reason, j.Fault, j.EndedAt.Sub(w.began), due.outcome, due.reason)
	}
	if j.Outcome == glovebox.StatusFailed && j.Reason == "" {
		w.t.Errorf("%s failed for no reason", a.name)
	}
	has := w.stream(j, output.Stdout)
	errs := w.stream(j, output.Stderr)
	switch {
	case !strings.HasPrefix(stdout, has) || !strings.HasPrefix(stderr, errs):
		w.t.Errorf("%s has output %q and %q that it did not write", a.name, has, errs)
	case j.Outcome == glovebox.StatusCompleted && (has != stdout || errs != stderr || j.Output.Truncated):
		w.t.Errorf("%s completed, and of its output %q and %q there is %q and %q", a.name, stdout, stderr, has, errs)
		count("lost", 1)
	case int64(len(has)) != j.Output.Stdout || int64(len(errs)) != j.Output.Stderr:
		w.t.Errorf("%s has %d and %d bytes of output, and says %+v", a.name, len(has), len(errs), j.Output)
	}
	if j.Outcome == glovebox.StatusCompleted && (j.Result == nil || j.Result.ExitCode != code) {
		w.t.Errorf("%s completed with %+v, not with %d", a.name, j.Result, code)
	}
	if j.Outcome == glovebox.StatusCompleted && a.spec.Cmd[0] == "leave" {
		switch excused := j.Artifacts != nil && j.Artifacts.Truncated && may != nil && may(a, j, nodeLost); {
		case excused: // they went with their node, and the job says so
		case j.Artifacts == nil || w.stream(j, output.Artifacts) != "text":
			w.t.Errorf("%s completed without the artifacts that it left: %+v", a.name, j.Artifacts)
			count("lost", 1)
		}
	}
	w.attested(j)
}

// attested checks a job's receipt with the public key alone.
func (w *world) attested(j glovebox.Job) {
	text, err := (&receipt.Issuer{Keys: w.keys, Blobs: w.blobs}).Read(background, j)
	if err == nil {
		_, err = receipt.Verify(text, w.keys.Public())
	}
	if err != nil {
		w.t.Errorf("the receipt of %s: %v", j.ID, err)
	}
}

// stream is what is kept of a stream; a job that was never placed has none.
func (w *world) stream(j glovebox.Job, s output.Stream) string {
	key := output.Key(j.ID, j.Attempt, s)
	info, err := w.blobs.Stat(background, key)
	if glovebox.KindOf(err) == glovebox.KindNotFound && j.Attempt == 0 {
		return ""
	}
	if err != nil || !info.Sealed {
		w.t.Errorf("%s is not final: %+v, %v", key, info, err)
		return ""
	}
	r, err := w.blobs.Open(background, key, 0)
	if err != nil {
		w.t.Error(err)
		return ""
	}
	defer r.Close()
	var b bytes.Buffer
	_, _ = io.Copy(&b, r)
	return b.String()
}

// audited joins the audit log with what became of the jobs.
func (w *world) audited(jobs []glovebox.Job) {
	var events []glovebox.AuditEvent
	for after := int64(0); ; after = events[len(events)-1].Seq {
		page, err := w.store.Store.AuditEvents(background, glovebox.AuditFilter{Tenant: glovebox.LocalTenant, After: after, Limit: 1000})
		if err != nil {
			w.t.Error(err)
		}
		if events = append(events, page...); len(page) == 0 {
			break
		}
	}
	if err := glovebox.VerifyChain(events); err != nil {
		w.t.Error(err)
	}
	told := map[string][]string{}
	for _, e := range events {
		if e.OK && slices.Contains([]string{"job.submit", "job.cancel", "job.end"}, e.Action) {
			told[e.Target] = append(told[e.Target], e.Action)
		}
	}
	for _, j := range jobs {
		want := []string{"job.submit"}
		if j.Cancel != nil {
			want = append(want, "job.cancel")
		}
		if j.Status.Ended() {
			want = append(want, "job.end")
		}
		if !slices.Equal(told[j.ID], want) {
			w.t.Errorf("of %s, which is %s, the audit log tells %v, not %v", j.ID, j.Status, told[j.ID], want)
		}
		delete(told, j.ID)
	}
	for id, actions := range told {
		w.t.Errorf("the audit log tells %v of %s, which there is not", actions, id)
	}
}
