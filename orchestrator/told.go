package orchestrator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"glovebox"
	"glovebox/policy"
)

// What the audit log is told of jobs. Of a command it holds a hash alone:
// arguments, environment and input may have secrets in them.

// submitted is the event of a job that was accepted.
func submitted(job glovebox.Job, by string) glovebox.AuditEvent {
	detail := asked(job.Spec)
	if n := len(job.Approvals); n > 0 {
		detail["approvals"] = strconv.Itoa(n)
	}
	return glovebox.AuditEvent{
		Tenant: job.Tenant, At: job.CreatedAt, Actor: by, Action: "job.submit", Target: job.ID, OK: true, Detail: detail,
	}
}

// refused is the event of one that was not.
func refused(p glovebox.Principal, spec glovebox.Spec, why error, at time.Time) glovebox.AuditEvent {
	detail, e := asked(spec), glovebox.AsError(why)
	if e.Field != "" {
		detail["field"] = e.Field
	}
	return glovebox.AuditEvent{
		Tenant: p.Tenant, At: at, Actor: p.Name, Action: "job.submit", Kind: e.Kind, Detail: detail,
	}
}

func asked(spec glovebox.Spec) map[string]string {
	if spec.Runtime == "" {
		spec.Runtime = glovebox.RuntimeGVisor
	}
	detail := map[string]string{"image": spec.Image, "runtime": spec.Runtime, "command": commandHash(spec)}
	if spec.Policy != nil {
		detail["policy"] = policy.Sum(*spec.Policy)
	}
	return detail
}

// commandHash tells two commands apart without telling what they are: hex
// SHA-256 over the JSON of {entrypoint, cmd} as they were asked for.
func commandHash(spec glovebox.Spec) string {
	data, _ := json.Marshal([][]string{spec.Entrypoint, spec.Cmd}) // strings always encode
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// told is what the write that turns a stored job into the next one is to
// append. It looks at the two alone, so whoever makes the write, and however
// often it is tried, each thing is told once.
func told(was, is glovebox.Job, now time.Time) []glovebox.AuditEvent {
	var events []glovebox.AuditEvent
	if was.Cancel == nil && is.Cancel != nil {
		events = append(events, glovebox.AuditEvent{
			Tenant: is.Tenant, At: now, Actor: is.Cancel.By, Action: "job.cancel", Target: is.ID, OK: true,
			Detail: map[string]string{"status": string(was.Status)},
		})
	}
	if n := len(is.Causes); n > len(was.Causes) {
		events = append(events, glovebox.AuditEvent{
			Tenant: is.Tenant, At: now, Action: "job.retry", Target: is.ID, OK: true,
			Detail: map[string]string{"attempt": strconv.Itoa(is.Causes[n-1].Attempt), "reason": string(is.Causes[n-1].Reason)},
		})
	}
	events = append(events, found(was, is, now)...)
	if !was.Status.Ended() && is.Status.Ended() {
		detail := map[string]string{"outcome": string(is.Outcome)}
		if is.Reason != "" {
			detail["reason"] = string(is.Reason)
		}
		if is.Result != nil {
			detail["exitCode"] = strconv.Itoa(is.Result.ExitCode)
		}
		events = append(events, glovebox.AuditEvent{
			Tenant: is.Tenant, At: now, Action: "job.end", Target: is.ID, OK: true, Detail: detail,
		})
	}
	return events
}
