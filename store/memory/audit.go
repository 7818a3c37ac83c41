package memory

import (
	"context"
	"maps"
	"slices"

	"glovebox"
	"glovebox/store/internal/record"
)

// append gives events that record.Events has checked their places. It is
// called under the lock, once nothing can fail any more.
func (s *Store) append(events []glovebox.AuditEvent) {
	for _, e := range events {
		chain := s.audit[e.Tenant]
		prev := ""
		if len(chain) > 0 {
			prev = chain[len(chain)-1].Hash
		}
		s.audit[e.Tenant] = append(chain, record.Link(e, prev, int64(len(chain))))
	}
}

// AuditEvents implements glovebox.Audit.
func (s *Store) AuditEvents(ctx context.Context, filter glovebox.AuditFilter) ([]glovebox.AuditEvent, error) {
	limit, err := record.AuditLimit(filter)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	tenants := []string{filter.Tenant}
	if filter.Tenant == glovebox.AnyTenant {
		tenants = slices.Sorted(maps.Keys(s.audit))
	}
	found := []glovebox.AuditEvent{}
	for _, tenant := range tenants {
		walk := slices.All(s.audit[tenant])
		if filter.Newest {
			walk = slices.Backward(s.audit[tenant])
		}
		for _, e := range walk {
			if len(found) < limit && tells(filter, e) {
				e.Detail = maps.Clone(e.Detail)
				found = append(found, e)
			}
		}
	}
	return found, nil
}

func tells(f glovebox.AuditFilter, e glovebox.AuditEvent) bool {
	return e.Seq > f.After && (f.Before == 0 || e.Seq < f.Before) &&
		(f.Actor == "" || f.Actor == e.Actor) &&
		(f.Action == "" || f.Action == e.Action) &&
		(f.Target == "" || f.Target == e.Target) &&
		(f.Since.IsZero() || !e.At.Before(f.Since)) &&
		(f.Until.IsZero() || e.At.Before(f.Until))
}
