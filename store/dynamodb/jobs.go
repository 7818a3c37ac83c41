package dynamodb

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"glovebox"
	"glovebox/store/internal/record"
)

// Attributes of idempotency keys.
const (
	attrPrint   = "fingerprint"
	attrExpires = "expires"
	attrJob     = "job" // empty once that is deleted
)

// CreateJob implements glovebox.Jobs. A key has expired when the new job's
// CreatedAt is not before its Expires: the store has no clock of its own.
func (s *Store) CreateJob(ctx context.Context, job glovebox.Job, used *glovebox.IdempotencyKey,
	events ...glovebox.AuditEvent,
) (glovebox.Job, bool, error) {
	job.Version = 1
	made, body, err := record.Job(job)
	if err != nil {
		return glovebox.Job{}, false, err
	}
	if events, err = record.Events(events); err != nil {
		return glovebox.Job{}, false, err
	}
	var first *glovebox.Job
	err = s.write(ctx, "creating a job", chainsOf(events), func(t *tx) (err error) {
		if first, err = s.create(ctx, t, made, body, used); err != nil || first != nil {
			return err
		}
		return s.append(ctx, t, events)
	})
	switch {
	case err != nil:
		return glovebox.Job{}, false, err
	case first != nil:
		return *first, false, nil
	}
	return made, true, nil
}

// create adds a new job's items, or returns the job that its key has made.
func (s *Store) create(ctx context.Context, t *tx, job glovebox.Job, body []byte, used *glovebox.IdempotencyKey) (*glovebox.Job, error) {
	var name *string
	if used != nil {
		first, err := s.keyed(ctx, job.Tenant, *used, job.CreatedAt)
		if err != nil || first != nil {
			return first, err
		}
		name = &used.Key
	}
	if err := s.known(ctx, job.Tenant); err != nil {
		return nil, err
	}
	exists := func(item) error { return glovebox.Errorf(glovebox.KindConflict, "job %s exists", job.ID) }
	if used != nil { // first, because its condition is to be judged first
		it := usedKey(job.Tenant, used.Key).item()
		it[attrPrint], it[attrExpires], it[attrJob] = str(used.Fingerprint), num(record.Nanos(used.Expires)), str(job.ID)
		collectable(it, used.Expires)
		t.put(it, cond{"attribute_not_exists(pk) OR " + attrExpires + " <= :now",
			map[string]types.AttributeValue{":now": num(record.Nanos(job.CreatedAt))}}, func(item) error { return errAgain })
	}
	if err := t.putJob(job, body, nil, name, absent, exists); err != nil {
		return nil, err
	}
	t.keep(job.Tenant, nil, &job)
	return nil, t.move(nil, &job)
}

// keyed returns the job that a key stands for; nil if it stands for none.
func (s *Store) keyed(ctx context.Context, tenant string, used glovebox.IdempotencyKey, now time.Time) (*glovebox.Job, error) {
	k := usedKey(tenant, used.Key)
	if !k.possible() {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "an idempotency key of %d bytes", len(used.Key)).On("idempotencyKey")
	}
	it, err := s.get(ctx, k)
	if err != nil || it == nil || numOf(it, attrExpires) <= record.Nanos(now) {
		return nil, err
	}
	switch id := strOf(it, attrJob); {
	case strOf(it, attrPrint) != used.Fingerprint:
		return nil, glovebox.Errorf(glovebox.KindKeyReused, "the idempotency key belongs to another request").
			Try("use a new key for a new request")
	case id == "":
		return nil, glovebox.Errorf(glovebox.KindConflict, "the job of this idempotency key has been deleted").
			Try("use a new key for a new request")
	default:
		job, err := s.readJob(ctx, id)
		if err == nil && job == nil {
			return nil, errAgain // it is being deleted, and the key with it
		}
		if err != nil {
			return nil, err
		}
		return &job.Job, nil
	}
}

// JobOfKey implements glovebox.Jobs.
func (s *Store) JobOfKey(ctx context.Context, tenant string, used glovebox.IdempotencyKey, now time.Time) (glovebox.Job, error) {
	var job *glovebox.Job
	err := s.write(ctx, "looking for an idempotency key", nil, func(*tx) (err error) {
		job, err = s.keyed(ctx, tenant, used, now)
		return err
	})
	switch {
	case err != nil:
		return glovebox.Job{}, err
	case job == nil:
		return glovebox.Job{}, record.KeyUnused()
	}
	return *job, nil
}

// Job implements glovebox.Jobs.
func (s *Store) Job(ctx context.Context, tenant, id string) (glovebox.Job, error) {
	if err := s.usable(ctx); err != nil {
		return glovebox.Job{}, err
	}
	job, err := s.readJob(ctx, id)
	if err != nil {
		return glovebox.Job{}, fault(ctx, err, "reading a job")
	}
	if job == nil || tenant != glovebox.AnyTenant && tenant != job.Tenant {
		return glovebox.Job{}, notFound(id)
	}
	return job.Job, nil
}

func notFound(id string) error { return glovebox.Errorf(glovebox.KindNotFound, "no job %s", id) }

// UpdateJob implements glovebox.Jobs. Every write is durable, also Lazy ones.
func (s *Store) UpdateJob(ctx context.Context, job glovebox.Job, _ glovebox.Durability,
	events ...glovebox.AuditEvent,
) (glovebox.Job, error) {
	job.Version++
	next, body, err := record.Job(job)
	if err != nil {
		return glovebox.Job{}, err
	}
	if events, err = record.Events(events); err != nil {
		return glovebox.Job{}, err
	}
	err = s.write(ctx, "changing a job", chainsOf(events), func(t *tx) error {
		was, err := s.readJob(ctx, next.ID)
		if err != nil {
			return err
		}
		if err := mayFollow(was, next); err != nil {
			return err
		}
		var name *string
		if was.keyed {
			name = &was.usedKey
		}
		if err := t.putJob(next, body, was, name, is(attrVersion, was.Version), nil); err != nil {
			return err
		}
		t.keep(next.Tenant, &was.Job, &next)
		if err := t.move(&was.Job, &next); err != nil {
			return err
		}
		return s.append(ctx, t, events)
	})
	if err != nil {
		return glovebox.Job{}, err
	}
	return next, nil
}

// mayFollow says whether a job may take the place of the one that is stored.
func mayFollow(was *stored, next glovebox.Job) error {
	switch {
	case was == nil || was.Tenant != next.Tenant:
		return notFound(next.ID)
	case was.Version != next.Version-1:
		return glovebox.Errorf(glovebox.KindStale, "job %s is at version %d, not %d", next.ID, was.Version, next.Version-1).
			Try("read it again")
	case was.Attempt > next.Attempt:
		return glovebox.Errorf(glovebox.KindStale, "job %s is at attempt %d, not %d", next.ID, was.Attempt, next.Attempt).
			Try("read it again")
	case !was.CreatedAt.Equal(next.CreatedAt):
		return glovebox.Errorf(glovebox.KindInvalid, "the time of creation of job %s cannot change", next.ID).On("createdAt")
	}
	return nil
}

// DeleteJob implements glovebox.Jobs.
func (s *Store) DeleteJob(ctx context.Context, tenant, id string, version int64, events ...glovebox.AuditEvent) error {
	events, err := record.Events(events)
	if err != nil {
		return err
	}
	return s.write(ctx, "deleting a job", chainsOf(events), func(t *tx) error {
		was, err := s.readJob(ctx, id)
		switch {
		case err != nil:
			return err
		case was == nil || tenant != glovebox.AnyTenant && tenant != was.Tenant:
			return notFound(id)
		case was.Version != version:
			return glovebox.Errorf(glovebox.KindStale, "job %s is at version %d, not %d", id, was.Version, version).Try("read it again")
		case was.Status != glovebox.StatusArchived:
			return glovebox.Errorf(glovebox.KindConflict, "job %s is not archived", id).Try("wait until it is")
		}
		if err := s.remove(ctx, t, was); err != nil {
			return err
		}
		return s.append(ctx, t, events)
	})
}

// remove takes a job's items away. Its key stays, and stands for no job any more.
func (s *Store) remove(ctx context.Context, t *tx, was *stored) error {
	t.delete(jobKey(was.ID), is(attrVersion, was.Version), nil)
	for n := range was.chunks {
		t.delete(chunkKey(was.ID, n), cond{}, nil)
	}
	t.keep(was.Tenant, &was.Job, nil)
	if err := t.move(&was.Job, nil); err != nil || !was.keyed {
		return err
	}
	k := usedKey(was.Tenant, was.usedKey)
	it, err := s.get(ctx, k)
	if err != nil || strOf(it, attrJob) != was.ID {
		return err // another job's by now, or collected
	}
	t.update(k, "SET "+attrJob+" = :none", cond{attrJob + " = :id", map[string]types.AttributeValue{":id": str(was.ID)}},
		map[string]types.AttributeValue{":none": str("")}, nil)
	return nil
}
