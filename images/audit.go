package images

import (
	"context"
	"time"

	"glovebox"
)

// Who does what to the library, in the audit log.
const (
	auditAdd    = "image.add"
	auditRemove = "image.remove"
)

// ForJob is who adds an image that a job needed: its owner is told by the
// event of its submission.
const ForJob = ""

// Event is the audit event of an image that was added by somebody, a
// Principal.Name or ForJob.
func (l *Library) Event(by string, img glovebox.Image) glovebox.AuditEvent {
	return l.event(by, auditAdd, img)
}

func (l *Library) event(by, action string, img glovebox.Image) glovebox.AuditEvent {
	now := time.Now
	if l.Now != nil {
		now = l.Now
	}
	return glovebox.AuditEvent{
		Tenant: img.Tenant, At: now(), Actor: by, Action: action, Target: img.Name, OK: true,
		Detail: map[string]string{"digest": img.Digest, "source": img.Source},
	}
}

// put stores an image together with the event that says who added it.
func (l *Library) put(by string) func(context.Context, glovebox.Image) error {
	return func(ctx context.Context, img glovebox.Image) error {
		return l.Images.PutImage(ctx, img, l.Event(by, img))
	}
}
