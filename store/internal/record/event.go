package record

import (
	"encoding/json"

	"glovebox"
)

const maxEvent = 16 << 10

// Events checks the events of a write and returns them as they will be read
// back, but for their places in the chain. The hash must be made of this form:
// JSON changes bytes that are not UTF-8.
func Events(events []glovebox.AuditEvent) ([]glovebox.AuditEvent, error) {
	if len(events) > maxCommit {
		return nil, glovebox.Errorf(glovebox.KindTooLarge, "%d events, and %d are the most", len(events), maxCommit)
	}
	all := make([]glovebox.AuditEvent, 0, len(events))
	for _, e := range events {
		if err := checkEvent(e); err != nil {
			return nil, err
		}
		e.At = e.At.UTC()
		e.Seq, e.Prev, e.Hash = 0, "", ""
		body, err := EventBody(e)
		if err != nil {
			return nil, err
		}
		if len(body) > maxEvent {
			return nil, glovebox.Errorf(glovebox.KindTooLarge, "an event of %d bytes, and %d are the most", len(body), maxEvent).
				On("event")
		}
		if e, err = ParseEvent(body); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func checkEvent(e glovebox.AuditEvent) error {
	switch {
	case checkTenant(e.Tenant) != nil:
		return glovebox.Errorf(glovebox.KindInvalid, "%q cannot have a chain of events", e.Tenant).On("event.tenant")
	case e.Action == "":
		return glovebox.Errorf(glovebox.KindInvalid, "an event needs an action").On("event.action")
	case e.At.IsZero():
		return glovebox.Errorf(glovebox.KindInvalid, "an event needs a time").On("event.at")
	}
	return checkTime("event.at", e.At)
}

// Link gives an event its place after the one that prev and seq tell of; ""
// and 0 if there is none.
func Link(e glovebox.AuditEvent, prev string, seq int64) glovebox.AuditEvent {
	e.Seq, e.Prev = seq+1, prev
	e.Hash = e.Sum()
	return e
}

// EventBody returns the record of an event.
func EventBody(e glovebox.AuditEvent) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "an event cannot be written down: %w", err)
	}
	return body, nil
}

// ParseEvent reads a record made by EventBody.
func ParseEvent(body []byte) (glovebox.AuditEvent, error) {
	var e glovebox.AuditEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return glovebox.AuditEvent{}, glovebox.Errorf(glovebox.KindUnavailable, "a stored event cannot be read: %w", err).
			Try("the data is damaged, or was written by a newer glovebox; restore a backup or upgrade")
	}
	return e, nil
}

// AuditLimit checks a filter and returns the size of its page.
func AuditLimit(f glovebox.AuditFilter) (int, error) {
	switch {
	case f.Tenant == "":
		return 0, glovebox.Errorf(glovebox.KindInvalid, "a list needs a tenant").On("tenant")
	case f.Tenant == glovebox.AnyTenant && f.After != 0:
		return 0, glovebox.Errorf(glovebox.KindInvalid, "a place is one within a tenant's events").On("after")
	case f.Tenant == glovebox.AnyTenant && f.Before != 0:
		return 0, glovebox.Errorf(glovebox.KindInvalid, "a place is one within a tenant's events").On("before")
	case f.Tenant == glovebox.AnyTenant && f.Newest:
		return 0, glovebox.Errorf(glovebox.KindInvalid, "only one tenant's events have a newest").On("newest")
	case f.Before < 0:
		return 0, glovebox.Errorf(glovebox.KindInvalid, "places are counted from 1").On("before")
	case f.Limit == 0:
		return 100, nil
	}
	return f.Limit, CheckLimit(f.Limit)
}
