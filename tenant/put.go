package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"glovebox"
	"glovebox/policy"
)

// Put stores a tenant's settings if its document is at the version that the
// caller has seen (0: there is none), and returns them complete, with the next
// version. Created is given by the first Put. Putting what is there already
// changes nothing and tells nobody. Whether actor may do this is the caller's
// to say.
//
// KindInvalid with the field to blame, as Tenant.Complete; KindStale.
func (r *Registry) Put(ctx context.Context, actor glovebox.Principal, t glovebox.Tenant, version int64) (glovebox.Tenant, int64, error) {
	t, err := t.Complete()
	if err != nil {
		return glovebox.Tenant{}, 0, err
	}
	if version < 0 {
		return glovebox.Tenant{}, 0, glovebox.Errorf(glovebox.KindInvalid, "there is no version %d", version).On("version")
	}
	now := r.now()
	was, has, action := glovebox.DefaultTenant(t.ID), int64(0), "tenant.create"
	t.Created = now.UTC()
	if version > 0 {
		action = "tenant.change"
		if was, has, err = r.read(ctx, t.ID); glovebox.KindOf(err) == glovebox.KindNotFound {
			return glovebox.Tenant{}, 0, stale(t.ID, 0, version)
		}
		if err != nil {
			return glovebox.Tenant{}, 0, err
		}
		if has != version {
			return glovebox.Tenant{}, 0, stale(t.ID, has, version)
		}
		t.Created = was.Created
	}
	detail := changes(was, t)
	if version > 0 && len(detail) == 0 {
		return t, version, nil
	}
	body, err := json.Marshal(t)
	if err != nil {
		return glovebox.Tenant{}, 0, glovebox.Errorf(glovebox.KindInvalid, "tenant %q cannot be written down: %w", t.ID, err)
	}
	event := glovebox.AuditEvent{
		Tenant: t.ID, At: now, Actor: actor.Name, Action: action, Target: t.ID, OK: true, Detail: detail,
	}
	err = r.records.Commit(ctx, []glovebox.Write{{Kind: kind, Key: t.ID, Value: body, If: version}}, event)
	if err != nil {
		r.cache.drop(t.ID) // perhaps it is stored
		return glovebox.Tenant{}, 0, err
	}
	r.cache.put(t.ID, t, version+1, now)
	return t, version + 1, nil
}

func stale(id string, has, version int64) error {
	return glovebox.Errorf(glovebox.KindStale, "the settings of tenant %q are at version %d, not %d", id, has, version).
		On(kind + "/" + id).Try("read them again")
}

// changes names what differs, as "old → new".
func changes(was, is glovebox.Tenant) map[string]string {
	detail := map[string]string{}
	for _, c := range []struct {
		name    string
		was, is any
	}{
		{"name", was.Name, is.Name},
		{"quota.concurrentJobs", was.Quota.ConcurrentJobs, is.Quota.ConcurrentJobs},
		{"quota.queuedJobs", was.Quota.QueuedJobs, is.Quota.QueuedJobs},
		{"quota.cpus", was.Quota.CPUs, is.Quota.CPUs},
		{"quota.memory", was.Quota.Memory, is.Quota.Memory},
		{"quota.outputBytes", was.Quota.OutputBytes, is.Quota.OutputBytes},
		{"quota.artifactBytes", was.Quota.ArtifactBytes, is.Quota.ArtifactBytes},
		{"runtimes", strings.Join(was.Runtimes, " "), strings.Join(is.Runtimes, " ")},
		{"retention", time.Duration(was.Retention), time.Duration(is.Retention)},
		{"policy", policy.Sum(was.Policy), policy.Sum(is.Policy)},
		{"twoPerson", was.TwoPerson, is.TwoPerson},
	} {
		if c.was != c.is {
			detail[c.name] = fmt.Sprintf("%v → %v", c.was, c.is)
		}
	}
	return detail
}
