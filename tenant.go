package glovebox

import "time"

// Tenant is who owns jobs, and what its jobs may take. One that nobody has
// written down has DefaultTenant's settings.
type Tenant struct {
	ID    string `json:"id"`             // 1–63 of a-z, 0-9 and '-'; never changes
	Name  string `json:"name,omitempty"` // for people; at most 200 printable bytes
	Quota Quota  `json:"quota,omitzero"`

	// Runtimes are those that a job may use without a signed approval.
	// Empty means only RuntimeGVisor.
	Runtimes []string `json:"runtimes,omitempty"`

	// Policy is the most that a job gets without a signed approval. Its
	// Runtimes, if it has any, take away from those above.
	Policy Policy `json:"policy,omitzero"`

	// Retention is how long a job is kept after it was archived, with its
	// output, unless it asks for less. A change holds for jobs submitted later.
	Retention Duration `json:"retention,omitempty"`

	// TwoPerson makes a signed job need the approvals of two persons.
	TwoPerson bool      `json:"twoPerson,omitempty"`
	Created   time.Time `json:"createdAt,omitzero"`
}

// MaxTenantName bounds Tenant.Name, in bytes.
const MaxTenantName = 200

// DefaultTenant is a tenant that nobody has set anything for.
func DefaultTenant(id string) Tenant {
	return Tenant{ID: id, Quota: DefaultQuota(), Runtimes: []string{RuntimeGVisor}, Policy: Policy{Version: PolicyVersion},
		Retention: Duration(DefaultRetention)}
}

// Complete checks a tenant that comes from outside and returns it with every
// default filled in. KindInvalid, with the field to blame: "id", "name",
// "runtimes", "retention", or one of "quota.…" and "policy.…".
func (t Tenant) Complete() (Tenant, error) {
	if !isTenantID(t.ID) {
		return Tenant{}, Errorf(KindInvalid, "%q cannot be a tenant's id", t.ID).On("id").
			Try("use 1 to 63 of a-z, 0-9 and '-'; %q is taken", installation)
	}
	if len(t.Name) > MaxTenantName || !printable(t.Name) {
		return Tenant{}, Errorf(KindInvalid, "the name cannot be kept").On("name").
			Try("use at most %d printable bytes", MaxTenantName)
	}
	runtimes, err := completeRuntimes(t.Runtimes)
	if err != nil {
		return Tenant{}, err
	}
	quota, err := t.Quota.Complete()
	if err != nil {
		return Tenant{}, err
	}
	if t.Policy, err = t.Policy.Complete(); err != nil {
		return Tenant{}, err
	}
	if t.Policy.Profile != nil {
		return Tenant{}, Errorf(KindInvalid, "only a job's policy has this").On("policy.profile").Try("leave it out")
	}
	switch kept := time.Duration(t.Retention); {
	case kept == 0:
		t.Retention = Duration(DefaultRetention)
	case kept < MinTenantRetention || kept > MaxRetention:
		return Tenant{}, Errorf(KindInvalid, "%s is out of range", kept).On("retention").
			Try("between %s and %s; 0 means %s", MinTenantRetention, MaxRetention, DefaultRetention)
	}
	t.Runtimes, t.Quota, t.Created = runtimes, quota, t.Created.UTC()
	return t, nil
}

// completeRuntimes returns the runtimes in the order of the list below, each
// once.
func completeRuntimes(names []string) ([]string, error) {
	if len(names) == 0 {
		return []string{RuntimeGVisor}, nil
	}
	known := []string{RuntimeGVisor, RuntimeRunc}
	asked := map[string]bool{}
	for _, name := range names {
		asked[name] = true
	}
	all := make([]string, 0, len(known))
	for _, name := range known {
		if asked[name] {
			all = append(all, name)
		}
		delete(asked, name)
	}
	for name := range asked {
		return nil, Errorf(KindInvalid, "unknown runtime %q", name).On("runtimes").Try("use %s or %s", RuntimeGVisor, RuntimeRunc)
	}
	return all, nil
}

// installation has the audit events of what is no tenant's.
const installation = "installation"

// isTenantID says whether s can name a tenant in paths, keys and logs.
func isTenantID(s string) bool {
	if len(s) == 0 || len(s) > 63 || s == installation {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
