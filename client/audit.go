package client

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"time"

	"glovebox"
	"glovebox/api/wire"
)

// AuditFilter picks events of one tenant. Zero fields match everything.
type AuditFilter struct {
	Tenant   string // another one than the caller's, for root at the socket
	Actor    string
	Action   string
	Target   string
	Since    time.Time // at or after
	Until    time.Time // before
	After    int64     // only events with a higher Seq
	Before   int64     // only events with a lower Seq; 0 = no bound
	Newest   bool      // highest Seq first; of one tenant
	PageSize int       // of one request; 0 means the server's default
}

// AuditPage returns one page of events, in order of Seq, and the After of the
// next one; newest first, its Before. 0 at the end.
func (c *Client) AuditPage(ctx context.Context, f AuditFilter) (events []glovebox.AuditEvent, next int64, err error) {
	q := url.Values{}
	for name, value := range map[string]string{"tenant": f.Tenant, "actor": f.Actor, "action": f.Action, "target": f.Target} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if !f.Since.IsZero() {
		q.Set("since", f.Since.Format(time.RFC3339Nano))
	}
	if !f.Until.IsZero() {
		q.Set("until", f.Until.Format(time.RFC3339Nano))
	}
	if f.After != 0 {
		q.Set("after", strconv.FormatInt(f.After, 10))
	}
	if f.Before != 0 {
		q.Set("before", strconv.FormatInt(f.Before, 10))
	}
	if f.Newest {
		q.Set("order", "desc")
	}
	if f.PageSize != 0 {
		q.Set("limit", strconv.Itoa(f.PageSize))
	}
	var page wire.AuditPage
	if err := c.call(ctx, get("/v1/audit", q), &page); err != nil {
		return nil, 0, err
	}
	for _, e := range page.Events {
		events = append(events, glovebox.AuditEvent(e))
	}
	return events, page.Next, nil
}

// Audit goes through the events, in order of Seq or newest first, fetching pages
// as needed.
func (c *Client) Audit(ctx context.Context, f AuditFilter) iter.Seq2[glovebox.AuditEvent, error] {
	return func(yield func(glovebox.AuditEvent, error) bool) {
		for {
			events, next, err := c.AuditPage(ctx, f)
			if err != nil {
				yield(glovebox.AuditEvent{}, err)
				return
			}
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
			}
			if next == 0 {
				return
			}
			on := next > f.After
			if f.Newest {
				on = next > 0 && (f.Before == 0 || next < f.Before)
			}
			if !on {
				yield(glovebox.AuditEvent{}, glovebox.Errorf(glovebox.KindInternal, "the server's pages of the audit log do not go on"))
				return
			}
			if f.Newest {
				f.Before = next
			} else {
				f.After = next
			}
		}
	}
}
