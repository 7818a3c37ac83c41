package glovebox_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"glovebox"
)

// TestQuotaFields: zero is the default, and each field has its bounds and is
// named when it is beyond them.
func TestQuotaFields(t *testing.T) {
	q, err := glovebox.Quota{}.Complete()
	if err != nil || q != glovebox.DefaultQuota() {
		t.Fatalf("%+v, %v", q, err)
	}
	if q, err = glovebox.MaxQuota().Complete(); err != nil || q != glovebox.MaxQuota() {
		t.Fatalf("%+v, %v", q, err)
	}
	for _, c := range []struct {
		field string
		quota glovebox.Quota
	}{
		{"quota.concurrentJobs", glovebox.Quota{ConcurrentJobs: -1}},
		{"quota.concurrentJobs", glovebox.Quota{ConcurrentJobs: 1_000_001}},
		{"quota.queuedJobs", glovebox.Quota{QueuedJobs: -1}},
		{"quota.cpus", glovebox.Quota{CPUs: 0.01}},
		{"quota.cpus", glovebox.Quota{CPUs: math.NaN()}},
		{"quota.cpus", glovebox.Quota{CPUs: math.Inf(1)}},
		{"quota.memory", glovebox.Quota{Memory: 1 << 20}},
		{"quota.outputBytes", glovebox.Quota{OutputBytes: -5}},
		{"quota.artifactBytes", glovebox.Quota{ArtifactBytes: 1 << 60}},
	} {
		if _, err := c.quota.Complete(); glovebox.KindOf(err) != glovebox.KindInvalid || glovebox.AsError(err).Field != c.field || glovebox.AsError(err).Hint == "" {
			t.Errorf("%+v: %v, want %s", c.quota, err, c.field)
		}
	}
}

// TestDefaultQuotaRunsAnyJob: whoever has no quota can run what anybody can.
func TestDefaultQuotaRunsAnyJob(t *testing.T) {
	q, most := glovebox.DefaultQuota(), glovebox.MaxLimits()
	if q.Memory < most.Memory || q.CPUs < most.CPUs || q.OutputBytes < most.Output {
		t.Errorf("%+v does not run a job of %+v", q, most)
	}
}

func TestTenantFields(t *testing.T) {
	for field, bad := range map[string]glovebox.Tenant{
		"id":       {ID: "with space"},
		"name":     {ID: "a", Name: strings.Repeat("x", 201)},
		"runtimes": {ID: "a", Runtimes: []string{"gvisor", ""}},
	} {
		if _, err := bad.Complete(); glovebox.KindOf(err) != glovebox.KindInvalid || glovebox.AsError(err).Field != field {
			t.Errorf("%+v: %v, want %s", bad, err, field)
		}
	}
	for _, id := range []string{"", "installation", "*", strings.Repeat("a", 64), "a/b"} {
		if _, err := (glovebox.Tenant{ID: id}).Complete(); glovebox.AsError(err).Field != "id" {
			t.Errorf("%q: %v", id, err)
		}
	}
	got, err := glovebox.Tenant{ID: "a-1"}.Complete()
	if want := glovebox.DefaultTenant("a-1"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCheckApprovals(t *testing.T) {
	at := time.Unix(1, 0)
	by := func(names ...string) (all []glovebox.Approval) {
		for _, n := range names {
			all = append(all, glovebox.Approval{By: n, At: at, Evidence: json.RawMessage(`{"a":1}`)})
		}
		return all
	}
	one, two := glovebox.Tenant{}, glovebox.Tenant{TwoPerson: true}
	broken := by("a")
	broken[0].Evidence = json.RawMessage("{")
	large := by("a")
	large[0].Evidence = json.RawMessage(`"` + strings.Repeat("x", glovebox.MaxEvidenceBytes) + `"`)
	for _, c := range []struct {
		name   string
		all    []glovebox.Approval
		tenant glovebox.Tenant
		want   glovebox.Kind
	}{
		{"none", nil, one, glovebox.KindApproval},
		{"one", by("a"), one, ""},
		{"one of two", by("a"), two, glovebox.KindApproval},
		{"twice the same", by("a", "a"), two, glovebox.KindApproval},
		{"two", by("a", "b"), two, ""},
		{"nobody", by(""), one, glovebox.KindInvalid},
		{"broken", broken, one, glovebox.KindInvalid},
		{"large", large, one, glovebox.KindTooLarge},
		{"many", by("a", "b", "c", "d", "e", "f", "g", "h", "i"), one, glovebox.KindTooLarge},
	} {
		if err := glovebox.CheckApprovals(c.all, c.tenant); glovebox.KindOf(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
