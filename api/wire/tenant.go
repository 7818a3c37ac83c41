package wire

import (
	"time"

	"glovebox"
)

// Tenant is who owns jobs, and what its jobs may take.
type Tenant struct {
	ID        string            `json:"id" example:"acme"`
	Name      string            `json:"name,omitempty" doc:"For people"`
	Quota     Quota             `json:"quota" doc:"What all its jobs may take together"`
	Runtimes  []string          `json:"runtimes" nullable:"false" doc:"Those that a job may use without a signed approval"`
	Policy    Policy            `json:"policy" doc:"The most that a job gets without a signed approval"`
	Retention glovebox.Duration `json:"retention" doc:"How long jobs are kept once they are archived, with their output"`
	TwoPerson bool              `json:"twoPerson" doc:"Signed jobs need the approvals of two persons"`
	CreatedAt time.Time         `json:"createdAt,omitzero"`
}

// Quota bounds what all jobs of a tenant take together. Zero or absent means
// the default.
type Quota struct {
	ConcurrentJobs int     `json:"concurrentJobs,omitempty" doc:"That have a place on a node"`
	QueuedJobs     int     `json:"queuedJobs,omitempty" doc:"That wait for one"`
	CPUs           float64 `json:"cpus,omitempty" doc:"Cores of the concurrent jobs"`
	Memory         int64   `json:"memory,omitempty" doc:"Bytes of the concurrent jobs"`
	OutputBytes    int64   `json:"outputBytes,omitempty" doc:"Of stdout and stderr kept"`
	ArtifactBytes  int64   `json:"artifactBytes,omitempty" doc:"Of artifacts kept"`
}

// Usage is what a tenant's jobs take at this moment.
type Usage struct {
	ConcurrentJobs int     `json:"concurrentJobs"`
	QueuedJobs     int     `json:"queuedJobs"`
	CPUs           float64 `json:"cpus"`
	Memory         int64   `json:"memory" doc:"Bytes"`
	OutputBytes    int64   `json:"outputBytes"`
	ArtifactBytes  int64   `json:"artifactBytes"`
}

// TenantUsage is the answer of GET /v1/tenant.
type TenantUsage struct {
	Tenant Tenant `json:"tenant"`
	Usage  Usage  `json:"usage"`
}

// TenantSettings is the body of PUT /v1/host/tenants/{id}: what is left out has
// its default from then on.
type TenantSettings struct {
	Name      string            `json:"name,omitempty" maxLength:"200"`
	Quota     Quota             `json:"quota,omitzero"`
	Runtimes  []string          `json:"runtimes,omitempty" nullable:"false" doc:"gvisor, runc; default gvisor alone"`
	Retention glovebox.Duration `json:"retention,omitempty" doc:"Of jobs submitted from then on: 1h to 876000h; default 720h"`
	TwoPerson bool              `json:"twoPerson,omitempty"`
}

// TenantList is the answer of GET /v1/host/tenants.
type TenantList struct {
	Tenants []Tenant `json:"tenants" nullable:"false"`
	Next    string   `json:"next,omitempty" doc:"after of the next page; absent at the end"`
}
