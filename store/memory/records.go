package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"glovebox"
	"glovebox/store/internal/record"
)

// Record implements glovebox.Records.
func (s *Store) Record(ctx context.Context, kind, key string) (glovebox.Record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return glovebox.Record{}, err
	}
	r, ok := s.records[recordName{kind, key}]
	if !ok {
		return glovebox.Record{}, record.NoDocument(kind, key)
	}
	r.Value = bytes.Clone(r.Value)
	return r, nil
}

// ListRecords implements glovebox.Records.
func (s *Store) ListRecords(ctx context.Context, kind, prefix, after string, limit int) ([]glovebox.Record, error) {
	if err := record.CheckLimit(limit); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	found := []glovebox.Record{}
	for name, r := range s.records {
		if name.kind == kind && strings.HasPrefix(name.key, prefix) && name.key > after {
			r.Value = bytes.Clone(r.Value)
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b glovebox.Record) int { return strings.Compare(a.Key, b.Key) })
	return found[:min(limit, len(found))], nil
}

// Commit implements glovebox.Records: all conditions are looked at before
// anything is written.
func (s *Store) Commit(ctx context.Context, writes []glovebox.Write, events ...glovebox.AuditEvent) error {
	writes, err := record.Writes(writes, len(events))
	if err != nil {
		return err
	}
	if events, err = record.Events(events); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	for _, w := range writes {
		version := s.records[recordName{w.Kind, w.Key}].Version // 0 = glovebox.IfAbsent
		if w.If != glovebox.IfAny && w.If != version {
			return record.Stale(w, version)
		}
	}
	for _, w := range writes {
		name := recordName{w.Kind, w.Key}
		if w.Value == nil {
			delete(s.records, name)
			continue
		}
		s.records[name] = glovebox.Record{Kind: w.Kind, Key: w.Key, Version: s.records[name].Version + 1,
			Value: w.Value, Expires: w.Expires}
	}
	s.append(events)
	return nil
}

// PurgeRecords implements glovebox.Records. Documents that expired at one
// instant go by kind and key.
func (s *Store) PurgeRecords(ctx context.Context, now time.Time, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	var expired []glovebox.Record
	for _, r := range s.records {
		if !r.Expires.IsZero() && r.Expires.Before(now) {
			expired = append(expired, r)
		}
	}
	slices.SortFunc(expired, func(a, b glovebox.Record) int {
		return cmp.Or(a.Expires.Compare(b.Expires), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
	})
	expired = expired[:max(0, min(limit, len(expired)))]
	for _, r := range expired {
		delete(s.records, recordName{r.Kind, r.Key})
	}
	return len(expired), nil
}
