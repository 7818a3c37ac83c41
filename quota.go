package glovebox

import "math"

// Quota bounds what all jobs of a tenant take together. Zero means the default.
//
// A job over ConcurrentJobs, CPUs or Memory waits for others of its tenant to
// end, while other tenants' jobs go past it. A job over QueuedJobs is refused
// when it is submitted. A job over OutputBytes or ArtifactBytes waits as long as
// that is for what running jobs may still write; if it is for what is kept already,
// it is refused, or ends as denied by policy if it was waiting.
type Quota struct {
	ConcurrentJobs int     `json:"concurrentJobs,omitempty"` // that have a place on a node, until nothing of them is left there
	QueuedJobs     int     `json:"queuedJobs,omitempty"`     // that wait for a place or for their image
	CPUs           float64 `json:"cpus,omitempty"`           // sum of Limits.CPUs of the concurrent jobs
	Memory         int64   `json:"memory,omitempty"`         // bytes; sum of their Limits.Memory
	OutputBytes    int64   `json:"outputBytes,omitempty"`    // of stdout and stderr kept in the store; jobs whose output is not final count with Limits.Output
	ArtifactBytes  int64   `json:"artifactBytes,omitempty"`  // of artifacts kept in the store; jobs whose output is not final count with Limits.Artifacts
}

// DefaultQuota is used where a tenant has none: no less than any one job may
// ask for, and far above what one machine runs.
func DefaultQuota() Quota {
	return Quota{
		ConcurrentJobs: 10_000, QueuedJobs: 10_000, CPUs: 16_384, Memory: 16 << 40,
		OutputBytes: 1 << 40, ArtifactBytes: 1 << 40,
	}
}

// MaxQuota is the most that may be set.
func MaxQuota() Quota {
	return Quota{
		ConcurrentJobs: 1_000_000, QueuedJobs: 1_000_000, CPUs: 1 << 24, Memory: 1 << 54,
		OutputBytes: 1 << 54, ArtifactBytes: 1 << 54,
	}
}

// Complete fills in the defaults. KindInvalid, with a field such as
// "quota.memory", for what is out of range; what is set must be enough for the
// smallest job.
func (q Quota) Complete() (Quota, error) {
	d, hi, lo := DefaultQuota(), MaxQuota(), MinLimits()
	for _, n := range []struct {
		name          string
		v             *int
		def, min, max int
	}{
		{"concurrentJobs", &q.ConcurrentJobs, d.ConcurrentJobs, 1, hi.ConcurrentJobs},
		{"queuedJobs", &q.QueuedJobs, d.QueuedJobs, 1, hi.QueuedJobs},
	} {
		v, err := within(n.name, int64(*n.v), int64(n.def), int64(n.min), int64(n.max))
		if err != nil {
			return Quota{}, err
		}
		*n.v = int(v)
	}
	for _, n := range []struct {
		name          string
		v             *int64
		def, min, max int64
	}{
		{"memory", &q.Memory, d.Memory, lo.Memory, hi.Memory},
		{"outputBytes", &q.OutputBytes, d.OutputBytes, lo.Output, hi.OutputBytes},
		{"artifactBytes", &q.ArtifactBytes, d.ArtifactBytes, 1, hi.ArtifactBytes},
	} {
		v, err := within(n.name, *n.v, n.def, n.min, n.max)
		if err != nil {
			return Quota{}, err
		}
		*n.v = v
	}
	if q.CPUs == 0 {
		q.CPUs = d.CPUs
	}
	if math.IsNaN(q.CPUs) || q.CPUs < lo.CPUs || q.CPUs > hi.CPUs {
		return Quota{}, Errorf(KindInvalid, "%v is out of range", q.CPUs).On("quota.cpus").
			Try("between %v and %v; 0 means %v", lo.CPUs, hi.CPUs, d.CPUs)
	}
	return q, nil
}

// within returns v, or def for 0, if it is from min to max.
func within(name string, v, def, min, max int64) (int64, error) {
	if v == 0 {
		v = def
	}
	if v < min || v > max {
		return 0, Errorf(KindInvalid, "%d is out of range", v).On("quota."+name).
			Try("between %d and %d; 0 means %d", min, max, def)
	}
	return v, nil
}

// TenantUsage is what a tenant's jobs take at this moment, in the terms of its
// quota.
type TenantUsage struct {
	ConcurrentJobs int
	QueuedJobs     int
	CPUs           float64
	Memory         int64 // bytes
	OutputBytes    int64
	ArtifactBytes  int64
}
