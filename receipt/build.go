package receipt

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"glovebox"
	"glovebox/policy"
)

// Read is what was found in a job's sealed output.
type Read struct {
	Streams []Stream
	Network Network
}

// Of states what became of a job. It does nothing else.
func Of(j glovebox.Job, r Read) Statement {
	p := Predicate{
		Job:     Job{ID: j.ID, Tenant: j.Tenant, Attempts: j.Attempt},
		Asked:   asked(j),
		Image:   Image(j.Image),
		Command: Command{Asked: CommandSum(j.Spec), Executed: ArgsSum(j.Command), Template: j.Spec.Template, Snapshot: j.Command.Snapshot},
		Policy:  policies(j),
		Limits:  Limits{j.Spec.Limits, j.Spec.Timeout},
		Runtime: runtime(j),
		Times:   times(j),
		End:     end(j),
		Output:  Output{Streams: r.Streams, Truncated: j.Output.Truncated},
		Network: r.Network,
		Ledger:  []Line{},
	}
	for _, c := range j.Causes {
		p.Job.Before = append(p.Job.Before, Cause{Attempt: c.Attempt, Node: c.Node, Reason: c.Reason, Started: utc(c.StartedAt), Ended: utc(c.EndedAt)})
	}
	for _, l := range j.Ledger {
		p.Ledger = append(p.Ledger, Line{Kind: l.Kind, Name: l.Name, Node: l.Node, Attempt: l.Attempt, State: l.State, At: utc(l.At)})
		p.Residue.Made++
		if l.State != glovebox.ResourceGone {
			p.Residue.Left++
		}
		if l.At.After(p.Residue.Checked) {
			p.Residue.Checked = utc(l.At)
		}
	}
	for _, f := range j.Findings {
		p.Findings = append(p.Findings, Finding{Rule: f.Rule, Severity: f.Severity, Count: f.Count, First: utc(f.First), Last: utc(f.Last)})
	}
	if a := j.Artifacts; a != nil {
		p.Output.Artifacts = &Files{Files: a.Files, Folders: a.Folders, Bytes: a.Bytes, LeftOut: a.LeftOut, Truncated: a.Truncated, Refused: a.Refused}
	}
	if p.Output.Streams == nil {
		p.Output.Streams = []Stream{}
	}
	return Statement{Type: StatementType, Subject: subjects(p), PredicateType: PredicateType, Predicate: p}
}

// subjects are what the statement is about: the request, and each stream.
func subjects(p Predicate) []Subject {
	all := []Subject{{p.Job.ID + "/request", Digest{strings.TrimPrefix(p.Command.Asked, "sha256:")}}}
	for _, s := range p.Output.Streams {
		all = append(all, Subject{p.Job.ID + "/" + s.Name, Digest{s.SHA256}})
	}
	return all
}

func asked(j glovebox.Job) Asked {
	a := Asked{By: j.Owner, At: utc(j.CreatedAt)}
	if j.Proof != nil {
		proof := *j.Proof
		proof.Opened = utc(proof.Opened)
		a.Proof = &proof
	}
	for _, one := range j.Approvals {
		a.Approvals = append(a.Approvals, approval(one))
	}
	if j.Cancel != nil {
		a.Cancelled = &Cancelled{j.Cancel.By, utc(j.Cancel.At)}
	}
	return a
}

// approval identifies what a person signed. The evidence is identity's signed
// operation; of any other only the hash is told.
func approval(a glovebox.Approval) Approval {
	told := Approval{By: a.By, At: utc(a.At), Evidence: canonicalSum(a.Evidence)}
	var signed struct {
		Operation    json.RawMessage `json:"operation"`
		CredentialID []byte          `json:"credential_id"`
		PublicKey    []byte          `json:"public_key"`
	}
	if json.Unmarshal(a.Evidence, &signed) != nil {
		return told
	}
	if len(signed.Operation) > 0 {
		told.Operation = canonicalSum(signed.Operation)
	}
	if len(signed.PublicKey) > 0 {
		told.PublicKey = sum(signed.PublicKey)
	}
	told.Credential = base64.RawURLEncoding.EncodeToString(signed.CredentialID)
	return told
}

func policies(j glovebox.Job) Policy {
	var asked glovebox.Policy
	if j.Spec.Policy != nil {
		asked = *j.Spec.Policy
	}
	return Policy{Asked: policy.Sum(asked), Holds: policy.Sum(j.Allowed()), Revision: j.PolicyRevision}
}

func runtime(j glovebox.Job) Runtime {
	r := Runtime{Name: j.Spec.Runtime, Node: j.Node}
	if h := j.Host; h != nil {
		r.Version, r.Agent, r.Kernel, r.Platform = h.Runtime, h.Agent, h.Kernel, h.Platform
	}
	if j.Result != nil {
		r.StartedFrom, r.Pool = j.Result.StartedFrom, j.Result.Template
	}
	return r
}

// times puts in order what a clock that went back has mixed up. Of a command
// whose end was told before its start, only the duration is known.
func times(j glovebox.Job) Times {
	t := Times{Created: utc(j.CreatedAt), Placed: utc(j.PlacedAt), Started: utc(j.StartedAt), Ended: utc(j.EndedAt)}
	if t.Started.IsZero() && j.Result != nil {
		t.Started = t.Ended.Add(-time.Duration(j.Result.Duration))
		if t.Started.Before(t.Placed) {
			t.Started = t.Placed
		}
	}
	last := t.Created
	for _, at := range []*time.Time{&t.Placed, &t.Started, &t.Ended} {
		if at.IsZero() {
			continue
		}
		if at.Before(last) {
			*at, t.WentBack = last, true
		}
		last = *at
	}
	return t
}

func end(j glovebox.Job) End {
	e := End{Outcome: j.Outcome, Reason: j.Reason}
	if j.Fault != nil {
		e.Kind = j.Fault.Kind
	}
	if r := j.Result; r != nil {
		code := r.ExitCode
		e.ExitCode, e.Signal, e.Duration = &code, r.Signal, r.Duration
	}
	return e
}

// utc is a time without a zone of its own, so that it is spelled in one way.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Round(0)
}
