package sqlite

import (
	"context"
	"strings"

	"glovebox"
	"glovebox/store/internal/record"
)

// AuditEvents implements glovebox.Audit.
func (s *Store) AuditEvents(ctx context.Context, filter glovebox.AuditFilter) ([]glovebox.AuditEvent, error) {
	limit, err := record.AuditLimit(filter)
	if err != nil {
		return nil, err
	}
	text, args := auditQuery(filter, limit)
	rows, err := s.readers.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, readFault(ctx, err, "reading audit events")
	}
	events, err := collect(rows, record.ParseEvent)
	if err != nil {
		return nil, readFault(ctx, err, "reading audit events")
	}
	return events, nil
}

// auditQuery walks the index of the filter's rarest property, which has the
// order of the list, forwards or backwards. Only the times are looked for row by row: they are given
// by callers and need not rise along the chain.
func auditQuery(f glovebox.AuditFilter, limit int) (string, []any) {
	var where []string
	var args []any
	and := func(condition string, arg any) {
		where = append(where, condition)
		args = append(args, arg)
	}
	index := "audit_by_tenant"
	if f.Tenant != glovebox.AnyTenant {
		and("tenant = ?", f.Tenant)
		and("seq > ?", f.After)
	}
	if f.Before != 0 {
		and("seq < ?", f.Before)
	}
	for _, by := range []struct{ column, value, index string }{
		{"action", f.Action, "audit_by_action"},
		{"actor", f.Actor, "audit_by_actor"},
		{"target", f.Target, "audit_by_target"},
	} {
		if by.value == "" {
			continue
		}
		and(by.column+" <> '' AND "+by.column+" = ?", by.value)
		if f.Tenant != glovebox.AnyTenant {
			index = by.index
		}
	}
	if !f.Since.IsZero() {
		and("at >= ?", record.Nanos(f.Since))
	}
	if !f.Until.IsZero() {
		and("at < ?", record.Nanos(f.Until))
	}
	text := "SELECT body FROM audit INDEXED BY " + index
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	order := " ORDER BY tenant, seq LIMIT ?"
	if f.Newest {
		order = " ORDER BY seq DESC LIMIT ?" // of one tenant
	}
	return text + order, append(args, limit)
}
