package record

import (
	"encoding/json"
	"math"
	"slices"
	"time"

	"glovebox"
)

// jobRecord is a job as it is kept. It adds what the domain's JSON cannot say:
// an entrypoint that is given but empty replaces the image's, and omitempty
// would turn it into one that is not given.
type jobRecord struct {
	glovebox.Job
	EmptyEntrypoint bool `json:"emptyEntrypoint,omitempty"`
}

// Job returns the record of a job, and the job as it will be read back: times
// in UTC without a monotonic part, nothing shared with the argument.
// KindInvalid if it has no identity or cannot be written down.
func Job(job glovebox.Job) (glovebox.Job, []byte, error) {
	if err := check(job); err != nil {
		return glovebox.Job{}, nil, err
	}
	inUTC(&job)
	r := jobRecord{Job: job, EmptyEntrypoint: job.Spec.Entrypoint != nil && len(job.Spec.Entrypoint) == 0}
	body, err := json.Marshal(r)
	if err != nil {
		return glovebox.Job{}, nil, glovebox.Errorf(glovebox.KindInvalid, "job %s cannot be written down: %w", job.ID, err)
	}
	stored, err := ParseJob(body)
	return stored, body, err
}

// KeyUnused is the error for an idempotency key that stands for no job.
func KeyUnused() error {
	return glovebox.Errorf(glovebox.KindNotFound, "the idempotency key is not used")
}

// ParseJob reads a record made by Job.
func ParseJob(body []byte) (glovebox.Job, error) {
	var r jobRecord
	if err := json.Unmarshal(body, &r); err != nil {
		return glovebox.Job{}, glovebox.Errorf(glovebox.KindUnavailable, "a stored job cannot be read: %w", err).
			Try("the data is damaged, or was written by a newer glovebox; restore a backup or upgrade")
	}
	if r.EmptyEntrypoint {
		r.Spec.Entrypoint = []string{}
	}
	return r.Job, nil
}

func check(job glovebox.Job) error {
	if job.ID == "" {
		return glovebox.Errorf(glovebox.KindInvalid, "a job needs an id").On("jobID")
	}
	if err := checkTenant(job.Tenant); err != nil {
		return err
	}
	if err := checkTime("createdAt", job.CreatedAt); err != nil {
		return err
	}
	return checkTime("due", job.Due)
}

// checkTenant refuses AnyTenant as an owner, which every list would match.
func checkTenant(tenant string) error {
	if tenant == "" || tenant == glovebox.AnyTenant {
		return glovebox.Errorf(glovebox.KindInvalid, "%q cannot own anything", tenant).On("tenant")
	}
	return nil
}

var (
	earliest = time.Unix(0, math.MinInt64)
	latest   = time.Unix(0, math.MaxInt64)
)

// checkTime refuses what Nanos would have to bend; a zero time is fine.
func checkTime(field string, t time.Time) error {
	if !t.IsZero() && (t.Before(earliest) || t.After(latest)) {
		return glovebox.Errorf(glovebox.KindInvalid, "%s is outside the years 1678 to 2261", t.Format(time.RFC3339)).On(field)
	}
	return nil
}

// Nanos is a time as a number that sorts like it. What is out of range,
// notably the zero time, becomes the nearest end.
func Nanos(t time.Time) int64 {
	switch {
	case t.Before(earliest):
		return math.MinInt64
	case t.After(latest):
		return math.MaxInt64
	}
	return t.UnixNano()
}

func inUTC(job *glovebox.Job) {
	for _, t := range []*time.Time{
		&job.CreatedAt, &job.PlacedAt, &job.StartedAt, &job.EndedAt, &job.ArchivedAt, &job.Due, &job.Lease.Until,
	} {
		*t = t.UTC()
	}
	if job.Cancel != nil {
		c := *job.Cancel // the caller's stays as it is
		c.At = c.At.UTC()
		job.Cancel = &c
	}
	if job.Proof != nil {
		p := *job.Proof
		p.Opened = p.Opened.UTC()
		job.Proof = &p
	}
	job.Ledger = slices.Clone(job.Ledger)
	for i := range job.Ledger {
		job.Ledger[i].At = job.Ledger[i].At.UTC()
	}
	job.Causes = slices.Clone(job.Causes)
	for i := range job.Causes {
		c := &job.Causes[i]
		c.PlacedAt, c.StartedAt, c.EndedAt = c.PlacedAt.UTC(), c.StartedAt.UTC(), c.EndedAt.UTC()
	}
	job.Approvals = slices.Clone(job.Approvals)
	for i := range job.Approvals {
		job.Approvals[i].At = job.Approvals[i].At.UTC()
	}
}
