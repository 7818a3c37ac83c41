package sqlite

import (
	"context"
	"time"

	"glovebox"
	"glovebox/store/internal/record"
)

// forgottenAtOnce bounds what one CreateJob pays for keys that have expired;
// more than one, so that they cannot pile up.
const forgottenAtOnce = 4

// CreateJob implements glovebox.Jobs. A key has expired when the new job's
// CreatedAt is not before its Expires: the store has no clock of its own.
func (s *Store) CreateJob(ctx context.Context, job glovebox.Job, key *glovebox.IdempotencyKey,
	events ...glovebox.AuditEvent,
) (glovebox.Job, bool, error) {
	job.Version = 1
	stored, body, err := record.Job(job)
	if err != nil {
		return glovebox.Job{}, false, err
	}
	if events, err = record.Events(events); err != nil {
		return glovebox.Job{}, false, err
	}
	row := newRow(stored, body)
	var k *glovebox.IdempotencyKey
	if key != nil {
		k = &glovebox.IdempotencyKey{} // the write may outlive the call
		*k = *key
	}
	var first []byte
	err = s.writer.do(ctx, glovebox.Durable, func(t *statements) (err error) {
		if first, err = t.create(row, k); err != nil || first != nil {
			return err
		}
		return t.append(events)
	})
	switch {
	case err != nil:
		return glovebox.Job{}, false, err
	case first != nil:
		stored, err := record.ParseJob(first)
		return stored, false, err
	}
	return stored, true, nil
}

// create stores a row, or returns the record of the job that its key made.
func (t *statements) create(r row, key *glovebox.IdempotencyKey) (first []byte, err error) {
	if key != nil {
		first, err := t.replay(r, key)
		if err != nil || first != nil {
			return first, err
		}
	}
	var exists bool
	if _, err := t.first(t.exists, []any{r.id}, &exists); err != nil {
		return nil, err
	}
	if exists {
		return nil, glovebox.Errorf(glovebox.KindConflict, "job %s exists", r.id)
	}
	var keyName any
	if key != nil {
		keyName = key.Key
	}
	if err := t.exec(t.insertJob, r.id, r.tenant, r.created, r.status, r.node, r.due, r.version, r.attempt,
		r.labelText(), r.body, r.outcome, keyName, r.kept.output, r.kept.artifacts); err != nil {
		return nil, err
	}
	if err := t.keep(r.tenant, r.kept); err != nil {
		return nil, err
	}
	if err := t.addLabels(r, r.labels); err != nil {
		return nil, err
	}
	if key == nil {
		return nil, nil
	}
	if err := t.exec(t.dropKeys, r.created, forgottenAtOnce); err != nil {
		return nil, err
	}
	return nil, t.exec(t.putKey, r.tenant, key.Key, key.Fingerprint, record.Nanos(key.Expires), r.id)
}

func (t *statements) replay(r row, key *glovebox.IdempotencyKey) (first []byte, err error) {
	var fingerprint, id string
	found, err := t.first(t.findKey, []any{r.tenant, key.Key, r.created}, &fingerprint, &id)
	if err != nil || !found {
		return nil, err
	}
	if err := checkKey(*key, fingerprint, id); err != nil {
		return nil, err
	}
	found, err = t.first(t.bodyOf, []any{id}, &first)
	if err == nil && !found {
		err = glovebox.Errorf(glovebox.KindInternal, "job %s is gone and its idempotency key is not", id)
	}
	return first, err
}

// checkKey says whether a used key may be used for the same again.
func checkKey(key glovebox.IdempotencyKey, fingerprint, job string) error {
	switch {
	case fingerprint != key.Fingerprint:
		return glovebox.Errorf(glovebox.KindKeyReused, "the idempotency key belongs to another request").
			Try("use a new key for a new request")
	case job == "":
		return glovebox.Errorf(glovebox.KindConflict, "the job of this idempotency key has been deleted").
			Try("use a new key for a new request")
	}
	return nil
}

// nullable is a time as a column that can be NULL.
func nullable(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return record.Nanos(t)
}
