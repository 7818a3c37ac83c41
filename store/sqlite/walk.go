package sqlite

import (
	"context"
	"maps"
	"slices"

	"glovebox"
	"glovebox/store/internal/listing"
)

// walk is the way to a list: along an index, or along one label's part of it.
type walk struct {
	by    index
	label string // the key, for byLabel
}

type index int

const (
	byTime index = iota
	byLabel
	byOutcome
	amongOpen
)

// probed bounds how many entries are counted to see what is rare. What has that
// many is common, and most of what it is combined with is met soon.
const probed = 256

// walkOf prefers what is never long, then what is as a rule the rarest.
func walkOf(f glovebox.JobFilter) walk {
	switch {
	case f.Unfinished || len(f.Statuses) > 0 && !slices.Contains(f.Statuses, glovebox.StatusArchived):
		return walk{by: amongOpen}
	case len(f.Labels) > 0 && f.Tenant != glovebox.AnyTenant:
		return walk{byLabel, slices.Min(slices.Collect(maps.Keys(f.Labels)))}
	case ended(f):
		return walk{by: byOutcome}
	}
	return walk{by: byTime}
}

// ended says whether a filter wants certain ends only.
func ended(f glovebox.JobFilter) bool { return len(f.Outcomes) > 0 && !slices.Contains(f.Outcomes, "") }

// rarest is walkOf where that has no choice. Of several labels, or labels and
// outcomes, it takes what fewest jobs have from the page on: a walk along what
// is common could pass a million jobs before it has found those that also have
// what is rare.
func (s *Store) rarest(ctx context.Context, f glovebox.JobFilter, page listing.Page) (walk, error) {
	best := walkOf(f)
	if best.by != byLabel || len(f.Labels) == 1 && !ended(f) {
		return best, nil
	}
	var ways []walk
	for _, key := range slices.Sorted(maps.Keys(f.Labels)) {
		ways = append(ways, walk{byLabel, key})
	}
	if ended(f) {
		ways = append(ways, walk{by: byOutcome})
	}
	fewest := probed + 1
	for _, way := range ways {
		q := probe(f, page, way)
		var n int
		if err := s.readers.QueryRowContext(ctx, q.count(), q.args...).Scan(&n); err != nil {
			return best, err
		}
		if n < fewest {
			best, fewest = way, n
		}
	}
	return best, nil
}

// probe is a walk that looks at nothing but its index.
func probe(f glovebox.JobFilter, page listing.Page, way walk) *query {
	q := &query{place: "l", from: "job_labels l"}
	if way.by == byLabel {
		q.and("l.tenant = ? AND l.key = ? AND l.value = ?", f.Tenant, way.label, f.Labels[way.label])
	} else {
		q.place, q.from = "j", "jobs j INDEXED BY jobs_by_tenant_outcome"
		q.and("j.outcome <> '' AND j.tenant = ?", f.Tenant)
		andIn(q, "j.outcome", f.Outcomes)
	}
	q.bounds(f, page)
	q.args = append(q.args, probed)
	return q
}
