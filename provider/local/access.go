package local

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// Opener opens what a job may touch outside of its sandbox. An error means that
// the order cannot be given as it is.
type Opener interface {
	Access(ctx context.Context, job glovebox.Job) (glovebox.Access, error)
}

// SetAccess names who opens policies and secrets. Without one no order has any
// access. It is called before Open.
func (p *Provider) SetAccess(o Opener) { p.opener = o }

// PolicyChanged makes the policy that a job has now that of its order, if there
// is one. Nodes hear of it at once.
func (p *Provider) PolicyChanged(ctx context.Context, job glovebox.Job) {
	id := glovebox.SandboxID(job.ID, job.Attempt)
	for try := 0; ctx.Err() == nil; try++ {
		p.mu.Lock()
		o := p.orders[id]
		p.mu.Unlock()
		if o == nil || o.removed || job.Status.Ended() {
			return
		}
		access, err := p.access(ctx, job)
		if err == nil {
			p.grant(id, access)
			return
		}
		p.log.LogAttrs(ctx, slog.LevelError, "the changed policy of a job could not be passed on", slog.String("job", job.ID), slog.Any("error", err))
		select {
		case <-time.After(min(time.Second<<min(try, 5), 30*time.Second)):
		case <-ctx.Done():
		}
	}
}

// grant puts an access into an order, unless a newer one is there.
func (p *Provider) grant(id string, access *nodev1.Access) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.orders[id]
	if o == nil || o.removed || access.GetRevision() <= o.wire.GetAccess().GetRevision() {
		return
	}
	w := cloneOrder(o.wire)
	w.Access = access
	o.wire = w
	p.bump(o.node)
}

// access is the wire form of what a job may touch; nil if that is nothing, and
// was nothing from the beginning.
func (p *Provider) access(ctx context.Context, job glovebox.Job) (*nodev1.Access, error) {
	if p.opener == nil || job.Spec.Policy == nil && job.PolicyRevision == 0 && job.Watch == (glovebox.WatchPolicy{}) {
		return nil, nil
	}
	a, err := p.opener.Access(ctx, job)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(glovebox.Policy{Version: glovebox.PolicyVersion, Egress: a.Egress, Observe: a.Observe, Watch: a.Watch, Profile: a.Profile})
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "encode the policy of job %s: %w", job.ID, err)
	}
	w := &nodev1.Access{Revision: job.PolicyRevision, Policy: text}
	for _, h := range a.Headers {
		w.Headers = append(w.Headers, &nodev1.HeaderSecret{Domain: h.Domain, Header: h.Header, Value: h.Value.Reveal()})
	}
	for _, f := range a.Files {
		w.Files = append(w.Files, &nodev1.File{Path: f.Path, Data: f.Data.Reveal()})
	}
	return w, nil
}
