package orchestrator

import (
	"context"
	"slices"
	"time"

	"glovebox"
)

// Secrets knows which secrets the jobs of a tenant may use.
type Secrets interface {
	// Check says whether a job may use secrets as its policy has them.
	// KindInvalid with the field for one that the tenant does not have,
	// KindDenied for one that is bound to other domains.
	Check(ctx context.Context, tenant string, uses []glovebox.SecretUse) error
}

// mayUse says whether a job of the tenant may have the secrets of a policy.
func (o *Orchestrator) mayUse(ctx context.Context, tenant string, p *glovebox.Policy) error {
	if p == nil || len(p.Secrets) == 0 {
		return nil
	}
	if o.Secrets == nil {
		return glovebox.Errorf(glovebox.KindInvalid, "no secrets are kept here").On("policy.secrets").Try("leave them out")
	}
	err := o.Secrets.Check(ctx, tenant, p.Secrets)
	if glovebox.KindOf(err) == glovebox.KindDenied {
		return denied{err}
	}
	return err
}

// used tells the audit log which secrets a job was let have, one event for each
// use that it did not have before. It is in the write that lets it.
func used(job glovebox.Job, by string, at time.Time, was, is glovebox.Policy) []glovebox.AuditEvent {
	var events []glovebox.AuditEvent
	for _, use := range is.Secrets {
		if slices.Contains(was.Secrets, use) {
			continue
		}
		detail := map[string]string{"job": job.ID}
		if use.File {
			detail["file"] = glovebox.SecretsDir + "/" + use.Name
		} else {
			detail["domain"], detail["header"] = use.Domain, use.Header
		}
		events = append(events, glovebox.AuditEvent{
			Tenant: job.Tenant, At: at, Actor: by, Action: "secret.use", Target: use.Name, OK: true, Detail: detail,
		})
	}
	return events
}
