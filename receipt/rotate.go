package receipt

import (
	"context"
	"time"

	"glovebox"
)

// Desk is what a service offers about receipts: an Issuer, and the change of its
// key.
type Desk struct {
	*Issuer
	Records glovebox.Records // takes the audit event
	Now     func() time.Time
	// Publish puts the public keys where people find them without the service;
	// may be nil.
	Publish func([]Key)
}

// Public lists the keys that receipts are signed with, the one of now last.
func (d Desk) Public() []Key { return d.Keys.Public() }

// Rotate makes a new key, which signs from then on, and leaves an audit event.
func (d Desk) Rotate(ctx context.Context, actor glovebox.Principal) (Key, error) {
	k, err := d.Keys.Renew(ctx)
	if err != nil {
		return Key{}, err
	}
	if d.Publish != nil {
		d.Publish(d.Public())
	}
	event := glovebox.AuditEvent{
		Tenant: actor.Tenant, At: d.Now(), Actor: actor.Name, Action: "receipt.rotate", Target: k.ID, OK: true,
	}
	return k, d.Records.Commit(ctx, nil, event)
}
