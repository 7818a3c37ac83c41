package dynamodb

import (
	"context"
	"maps"
	"math"
	"slices"

	"glovebox"
	"glovebox/store/internal/record"
)

// head is the end of a tenant's chain.
type head struct {
	seq  int64
	hash string
}

// Attributes of heads.
const (
	attrSeq  = "seq"
	attrHash = "hash"
)

// chainsOf are the tenants of events, sorted, each once: the lines to wait in.
func chainsOf(events []glovebox.AuditEvent) []string {
	var all []string
	for _, e := range events {
		all = append(all, e.Tenant)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// append gives events their places at the ends of their chains. That the chains
// end there is a condition of the transaction.
func (s *Store) append(ctx context.Context, t *tx, events []glovebox.AuditEvent) error {
	was, err := s.heads(ctx, chainsOf(events))
	if err != nil {
		return err
	}
	now := maps.Clone(was)
	for _, e := range events {
		h := now[e.Tenant]
		e = record.Link(e, h.hash, h.seq)
		body, err := record.EventBody(e)
		if err != nil {
			return err
		}
		it := eventKey(e.Tenant, e.Seq).item()
		it[attrBody] = bin(body)
		t.put(it, absent, nil)
		now[e.Tenant] = head{e.Seq, e.Hash}
	}
	for tenant, h := range now {
		it := chainKey(tenant).item()
		it[attrSeq], it[attrHash] = num(h.seq), str(h.hash)
		c := absent
		if was[tenant].seq > 0 {
			c = is(attrSeq, was[tenant].seq)
		}
		t.put(it, c, nil)
	}
	return nil
}

func (s *Store) heads(ctx context.Context, tenants []string) (map[string]head, error) {
	all := map[string]head{}
	var keys []key
	for _, tenant := range tenants {
		if !chainKey(tenant).possible() {
			return nil, glovebox.Errorf(glovebox.KindInvalid, "a tenant's name of %d bytes", len(tenant)).On("event.tenant")
		}
		all[tenant] = head{}
		keys = append(keys, chainKey(tenant))
	}
	found, err := s.getAll(ctx, keys)
	for _, it := range found {
		all[strOf(it, attrSK)] = head{numOf(it, attrSeq), strOf(it, attrHash)}
	}
	return all, err
}

// AuditEvents implements glovebox.Audit.
func (s *Store) AuditEvents(ctx context.Context, filter glovebox.AuditFilter) ([]glovebox.AuditEvent, error) {
	limit, err := record.AuditLimit(filter)
	if err != nil {
		return nil, err
	}
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	tenants := []string{filter.Tenant}
	if filter.Tenant == glovebox.AnyTenant {
		if tenants, err = s.names(ctx, 'H'); err != nil {
			return nil, fault(ctx, err, "reading audit events")
		}
	}
	events := []glovebox.AuditEvent{}
	for _, tenant := range tenants {
		if err := s.chain(ctx, tenant, filter, limit, &events); err != nil {
			return nil, fault(ctx, err, "reading audit events")
		}
	}
	return events, nil
}

// chain adds a tenant's events that the filter wants, until there are enough.
func (s *Store) chain(ctx context.Context, tenant string, f glovebox.AuditFilter, limit int, events *[]glovebox.AuditEvent) error {
	if len(*events) >= limit {
		return nil
	}
	to := int64(math.MaxInt64)
	if f.Before > 0 {
		to = f.Before - 1
	}
	from := max(f.After, 0)
	if from == math.MaxInt64 {
		return nil
	}
	p := inTable(join('A', tenant), number(nil, from+1), number(nil, to))
	p.backwards, p.page = f.Newest, max(limit, 100)
	return s.each(ctx, p, func(it item) (bool, error) {
		e, err := record.ParseEvent(binOf(it, attrBody))
		if err != nil {
			return false, err
		}
		if tells(f, e) {
			*events = append(*events, e)
		}
		return len(*events) < limit, nil
	})
}

func tells(f glovebox.AuditFilter, e glovebox.AuditEvent) bool {
	return (f.Actor == "" || f.Actor == e.Actor) &&
		(f.Action == "" || f.Action == e.Action) &&
		(f.Target == "" || f.Target == e.Target) &&
		(f.Since.IsZero() || !e.At.Before(f.Since)) &&
		(f.Until.IsZero() || e.At.Before(f.Until))
}

// names lists the tenants of a kind of items that are spread over shards by their
// names, in order.
func (s *Store) names(ctx context.Context, kind byte) ([]string, error) {
	var all []string
	for shard := range byte(shards) {
		p := inTable([]byte{kind, shard}, none, []byte{255, 255})
		err := s.each(ctx, p, func(it item) (bool, error) {
			all = append(all, strOf(it, attrSK))
			return true, nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(all)
	return all, nil
}
