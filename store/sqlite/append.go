package sqlite

import (
	"glovebox"
	"glovebox/store/internal/record"
)

const selectLastEvent = "SELECT seq, hash FROM audit WHERE tenant = ? ORDER BY seq DESC LIMIT 1"

// append gives events that record.Events has checked their places at the ends
// of their tenants' chains. There is one writer, so the end that it reads is
// the end; and what an earlier write of the same transaction appended counts.
func (t *statements) append(events []glovebox.AuditEvent) error {
	for _, e := range events {
		var seq int64
		var prev string
		if _, err := t.first(t.lastEvent, []any{e.Tenant}, &seq, &prev); err != nil {
			return err
		}
		e = record.Link(e, prev, seq)
		body, err := record.EventBody(e)
		if err != nil {
			return err
		}
		if err := t.exec(t.addEvent, e.Tenant, e.Seq, e.Hash, record.Nanos(e.At), e.Actor, e.Action, e.Target,
			string(body)); err != nil {
			return err
		}
	}
	return nil
}
