package api

import (
	"time"

	"glovebox"
	"glovebox/api/wire"
)

func viewSpec(s glovebox.Spec) wire.SpecView {
	return wire.SpecView{
		Image: s.Image, Entrypoint: s.Entrypoint, Cmd: s.Cmd, Env: s.Env, Workdir: s.Workdir, User: s.User,
		StdinBytes: len(s.Stdin), StdinStream: s.StdinStream, Timeout: s.Timeout, Limits: wire.Limits(s.Limits), Policy: wire.PolicyOf(s.Policy),
		Runtime: s.Runtime, PullPolicy: s.PullPolicy, Labels: s.Labels, Template: s.Template,
		Attempts: s.Attempts, Idempotent: s.Idempotent, Retention: s.Retention,
		Files: wire.SpecOf(s).Files,
	}
}

// viewJob shows a job to its owner: not how control drives it.
func viewJob(j glovebox.Job) wire.Job {
	return wire.Job{
		ID: j.ID, Status: j.Status, Outcome: j.Outcome, Reason: j.Reason, Error: viewFault(j.Fault),
		Result: viewResult(j.Result), Output: wire.Output(j.Output), Artifacts: (*wire.Artifacts)(j.Artifacts), Cancel: j.Cancel, Spec: viewSpec(j.Spec),
		Receipt: viewReceipt(j.Receipt), Image: wire.Resolved(j.Image), Owner: j.Owner, Node: j.Node, Attempt: j.Attempt, Version: j.Version,
		CreatedAt: j.CreatedAt, PlacedAt: j.PlacedAt, StartedAt: j.StartedAt, EndedAt: j.EndedAt, ArchivedAt: j.ArchivedAt,
		Causes: viewCauses(j.Causes), ExpiresAt: expires(j),
		Approvals: viewApprovals(j.Approvals), Policy: allowed(j), PolicyRevision: j.PolicyRevision, Admission: viewLines(j.Admission),
		Findings: viewFindings(j.Findings),
	}
}

// viewCauses shows how earlier attempts ended.
func viewCauses(all []glovebox.Cause) []wire.Cause {
	var views []wire.Cause
	for _, c := range all {
		views = append(views, wire.Cause{
			Attempt: c.Attempt, Node: c.Node, Reason: c.Reason, Error: viewFault(c.Fault),
			PlacedAt: c.PlacedAt, StartedAt: c.StartedAt, EndedAt: c.EndedAt,
		})
	}
	return views
}

// expires is when an archived job is removed; zero if that is not known.
func expires(j glovebox.Job) time.Time {
	if j.Status != glovebox.StatusArchived {
		return time.Time{}
	}
	return j.Due
}

// allowed is the policy that holds; nil if there is nothing in it.
func allowed(j glovebox.Job) *wire.Policy {
	p := j.Allowed()
	if p.Silent() {
		return nil
	}
	return wire.PolicyOf(&p)
}

func viewFindings(all []glovebox.Finding) []wire.Finding {
	var views []wire.Finding
	for _, f := range all {
		views = append(views, wire.Finding(f))
	}
	return views
}

func viewLines(all []glovebox.PolicyLine) []wire.PolicyLine {
	var views []wire.PolicyLine
	for _, l := range all {
		views = append(views, wire.PolicyLine(l))
	}
	return views
}

func viewApprovals(all []glovebox.Approval) []wire.JobApproval {
	var views []wire.JobApproval
	for _, a := range all {
		views = append(views, wire.JobApproval(a))
	}
	return views
}

func viewFault(e *glovebox.Error) *wire.Fault {
	if e == nil {
		return nil
	}
	return &wire.Fault{Kind: e.Kind, Field: e.Field, Message: e.Message, Hint: e.Hint}
}

func viewResult(r *glovebox.Result) *wire.Result {
	if r == nil {
		return nil
	}
	return &wire.Result{
		ExitCode: r.ExitCode, Signal: r.Signal, Duration: r.Duration,
		MemoryPeak: r.Usage.MemoryPeak, CPUTime: r.Usage.CPUTime, StartedFrom: r.StartedFrom, Template: r.Template,
	}
}

func summary(j glovebox.Job) wire.JobSummary {
	s := wire.JobSummary{
		ID: j.ID, Status: j.Status, Outcome: j.Outcome, Reason: j.Reason, Image: j.Spec.Image,
		Command: abridge(j.Spec.Entrypoint, j.Spec.Cmd), Labels: j.Spec.Labels, Owner: j.Owner, Node: j.Node,
		Attempt: j.Attempt, Version: j.Version,
		CreatedAt: j.CreatedAt, StartedAt: j.StartedAt, EndedAt: j.EndedAt, ArchivedAt: j.ArchivedAt,
	}
	if j.Result != nil {
		s.ExitCode = &j.Result.ExitCode
	}
	return s
}

// abridge joins the parts of a command and cuts it, so that a list of a
// thousand jobs stays small whatever they run.
func abridge(parts ...[]string) []string {
	const most = 256
	var short []string
	size := 0
	for _, part := range parts {
		for _, arg := range part {
			if left := most - size; len(arg) > left {
				return append(short, clipTo(arg, left))
			}
			short = append(short, arg)
			size += len(arg) + 1
		}
	}
	return short
}

func viewImage(i glovebox.Image) wire.Image {
	return wire.Image{
		Name: i.Name, Digest: i.Digest, Platform: i.Platform, Size: i.Size, Unpacked: i.Unpacked,
		Layers: len(i.Layers), Source: i.Source, CreatedAt: i.Created,
	}
}

func viewImages(all []glovebox.Image) wire.ImageList {
	views := make([]wire.Image, len(all))
	for i := range all {
		views[i] = viewImage(all[i])
	}
	return wire.ImageList{Images: views}
}
