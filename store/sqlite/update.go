package sqlite

import (
	"context"

	"glovebox"
	"glovebox/store/internal/record"
)

// UpdateJob implements glovebox.Jobs.
func (s *Store) UpdateJob(ctx context.Context, job glovebox.Job, d glovebox.Durability,
	events ...glovebox.AuditEvent,
) (glovebox.Job, error) {
	job.Version++
	stored, body, err := record.Job(job)
	if err != nil {
		return glovebox.Job{}, err
	}
	if events, err = record.Events(events); err != nil {
		return glovebox.Job{}, err
	}
	if len(events) > 0 {
		d = glovebox.Durable
	}
	row := newRow(stored, body)
	err = s.writer.do(ctx, d, func(t *statements) error {
		if err := t.update(row); err != nil {
			return err
		}
		return t.append(events)
	})
	if err != nil {
		return glovebox.Job{}, err
	}
	return stored, nil
}

// update compares, then sets. Nobody can come between: there is one writer,
// and the transaction took the write lock when it began.
func (t *statements) update(r row) error {
	var seq, created, version, attempt int64
	var was kept
	var labels string
	found, err := t.first(t.current, []any{r.id, r.tenant}, &seq, &created, &version, &attempt, &labels, &was.output, &was.artifacts)
	switch {
	case err != nil:
		return err
	case !found:
		return notFound(r.id)
	case version != r.version-1:
		return glovebox.Errorf(glovebox.KindStale, "job %s is at version %d, not %d", r.id, version, r.version-1).
			Try("read it again")
	case attempt > r.attempt:
		return glovebox.Errorf(glovebox.KindStale, "job %s is at attempt %d, not %d", r.id, attempt, r.attempt).
			Try("read it again")
	case created != r.created:
		return glovebox.Errorf(glovebox.KindInvalid, "the time of creation of job %s cannot change", r.id).
			On("createdAt")
	}
	if err := t.moveLabels(r, labels); err != nil {
		return err
	}
	if err := t.keep(r.tenant, r.kept.since(was)); err != nil {
		return err
	}
	return t.exec(t.replaceJob, r.status, r.node, r.due, r.version, r.attempt, r.labelText(), r.body, r.outcome, r.kept.output, r.kept.artifacts, seq)
}

func notFound(id string) error { return glovebox.Errorf(glovebox.KindNotFound, "no job %s", id) }
