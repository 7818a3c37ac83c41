package dynamodb

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"glovebox"
)

// DueJobs implements glovebox.Jobs. Jobs due at one instant come by id. The index
// may be late, so the jobs themselves are asked; what it does not name yet comes
// the next time.
func (s *Store) DueJobs(ctx context.Context, now time.Time, limit int) ([]glovebox.Job, error) {
	return s.dueOf(ctx, 'd', now, limit)
}

// ExpiredJobs implements glovebox.Jobs, as DueJobs.
func (s *Store) ExpiredJobs(ctx context.Context, now time.Time, limit int) ([]glovebox.Job, error) {
	return s.dueOf(ctx, 'x', now, limit)
}

func (s *Store) dueOf(ctx context.Context, kind byte, now time.Time, limit int) ([]glovebox.Job, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	jobs := []glovebox.Job{}
	if limit <= 0 {
		return jobs, nil
	}
	type entry struct {
		key key
		at  []byte
	}
	var all []entry
	for shard := range byte(shards) {
		p := span{index: indexDue, pk: []byte{kind, shard}, from: number(nil, -1<<63), to: append(nanos(now), 255),
			hashName: attrDueShard, onName: attrDueAt, page: min(limit, 1000)}
		n := 0
		err := s.each(ctx, p, func(it item) (bool, error) {
			all = append(all, entry{key{binOf(it, attrPK), binOf(it, attrSK)}, binOf(it, attrDueAt)})
			n++
			return n < limit, nil
		})
		if err != nil {
			return nil, fault(ctx, err, "reading what is due")
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return bytes.Compare(a.at, b.at) })
	all = all[:min(limit, len(all))]
	keys := make([]key, len(all))
	for i, e := range all {
		keys[i] = e.key
	}
	found, err := s.getAll(ctx, keys)
	if err != nil {
		return nil, fault(ctx, err, "reading what is due")
	}
	for _, e := range all {
		it := found[e.key.id()]
		if it == nil {
			continue
		}
		job, err := s.parseJob(ctx, string(e.at[8:]), it)
		if err != nil {
			return nil, fault(ctx, err, "reading what is due")
		}
		if job != nil && !job.Due.IsZero() && !job.Due.After(now) && dueKind(job.Job) == kind {
			jobs = append(jobs, job.Job)
		}
	}
	slices.SortStableFunc(jobs, func(a, b glovebox.Job) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID))
	})
	return jobs, nil
}
