package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"glovebox"
)

func list(t testing.TB, s glovebox.Jobs, f glovebox.JobFilter) glovebox.JobPage {
	t.Helper()
	page, err := s.ListJobs(context.Background(), f)
	if err != nil {
		t.Fatalf("list %+v: %v", f, err)
	}
	return page
}

// testOrder: newest first by the instant of creation, to the nanosecond and
// not by when it was stored; by descending id within one.
func testOrder(t *testing.T, s glovebox.Store) {
	at := func(id string, d time.Duration) {
		job := newJob(alice)
		job.ID, job.CreatedAt = id, epoch.Add(d)
		create(t, s, job)
	}
	at("b", 0)
	at("c", 0)
	at("z", -1)
	at("a", 1)
	at("A", 0)
	at("bb", 0)
	at("old", -40*365*24*time.Hour)
	at("new", 40*365*24*time.Hour)
	want := []string{"new", "a", "c", "bb", "b", "A", "z", "old"}
	for _, tenant := range []string{alice, glovebox.AnyTenant} {
		equal(t, "order", ids(list(t, s, glovebox.JobFilter{Tenant: tenant}).Jobs), want)
	}
}

// testFilters: each filter alone, and together.
func testFilters(t *testing.T, s glovebox.Store) {
	statuses := glovebox.Statuses()
	var all []glovebox.Job
	for n := range 28 { // each status at each node, with and without labels, for two tenants
		job := numbered([]string{alice, bob}[n%2], n)
		job.Status = statuses[n%len(statuses)]
		job.Node = []string{"", "n1", "n2"}[n%3]
		job.Outcome = []glovebox.Status{"", glovebox.StatusCompleted, glovebox.StatusFailed, glovebox.StatusCancelled}[n/2%4]
		switch n % 4 {
		case 1:
			job.Spec.Labels = map[string]string{"app": "web"}
		case 2:
			job.Spec.Labels = map[string]string{"app": "web", "env": "prod", "x": ""}
		case 3:
			job.Spec.Labels = map[string]string{"app": "web2", "env": "prod"}
		}
		all = append(all, create(t, s, job))
	}
	sec := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Second) }
	for _, f := range []glovebox.JobFilter{
		{},
		{Statuses: []glovebox.Status{glovebox.StatusRunning}},
		{Statuses: []glovebox.Status{glovebox.StatusArchived}},
		{Statuses: []glovebox.Status{glovebox.StatusArchived, glovebox.StatusPending, glovebox.StatusPending}},
		{Statuses: statuses},
		{Statuses: []glovebox.Status{"running"}},
		{Outcomes: []glovebox.Status{glovebox.StatusFailed}},
		{Outcomes: []glovebox.Status{glovebox.StatusFailed, glovebox.StatusCompleted, glovebox.StatusFailed}},
		{Outcomes: []glovebox.Status{""}},
		{Outcomes: []glovebox.Status{"", glovebox.StatusCancelled}, Since: sec(4)},
		{Outcomes: []glovebox.Status{"failed"}},
		{Outcomes: []glovebox.Status{glovebox.StatusFailed, glovebox.StatusCancelled}, Since: sec(4), Until: sec(20)},
		{Outcomes: []glovebox.Status{glovebox.StatusFailed}, Labels: map[string]string{"env": "prod"}},
		{Outcomes: []glovebox.Status{glovebox.StatusFailed, glovebox.StatusCompleted}, Node: "n1", Unfinished: true},
		{Outcomes: []glovebox.Status{glovebox.StatusCompleted}, Statuses: []glovebox.Status{glovebox.StatusArchived}},
		{Unfinished: true},
		{Unfinished: true, Statuses: []glovebox.Status{glovebox.StatusArchived, glovebox.StatusFailed}},
		{Node: "n1"},
		{Node: "n1", Unfinished: true},
		{Node: "N1"},
		{Labels: map[string]string{"app": "web"}},
		{Labels: map[string]string{"app": "web", "env": "prod"}},
		{Labels: map[string]string{"env": "prod"}, Unfinished: true},
		{Labels: map[string]string{"env": "prod"}, Node: "n2", Statuses: []glovebox.Status{glovebox.StatusArchived}},
		{Labels: map[string]string{"x": ""}},
		{Labels: map[string]string{"y": ""}},
		{Labels: map[string]string{"app": "we%"}},
		{Since: sec(10)},
		{Since: sec(10).Add(1)},
		{Until: sec(10)},
		{Until: sec(10).Add(1), Since: sec(4)},
		{Since: sec(4), Until: sec(4)},
		{Since: sec(4).In(time.FixedZone("", 3600)), Until: sec(20), Unfinished: true, Node: "n2"},
		{Labels: map[string]string{"env": "prod"}, Since: sec(4), Until: sec(20)},
		{Since: time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		for _, f.Tenant = range []string{alice, bob, glovebox.AnyTenant} {
			want := expect(all, f)
			page := list(t, s, f)
			if !slices.Equal(ids(page.Jobs), want) || page.Next != "" {
				t.Fatalf("filter %+v:\n got  %v, next %q\n want %v", f, ids(page.Jobs), page.Next, want)
			}
			equal(t, "paged", ids(walkPages(t, s, f, 2, nil)), want)
		}
	}
}

// expect is what a filter means, once more and in other words than a store's.
func expect(all []glovebox.Job, f glovebox.JobFilter) []string {
	want := []string{}
	for _, job := range slices.Backward(all) {
		ok := f.Tenant == glovebox.AnyTenant || job.Tenant == f.Tenant
		if f.Statuses != nil {
			ok = ok && slices.Contains(f.Statuses, job.Status)
		}
		if f.Outcomes != nil {
			ok = ok && slices.Contains(f.Outcomes, job.Outcome)
		}
		if f.Unfinished {
			ok = ok && job.Status != glovebox.StatusArchived
		}
		if f.Node != "" {
			ok = ok && job.Node == f.Node
		}
		for k, v := range f.Labels {
			got, has := job.Spec.Labels[k]
			ok = ok && has && got == v
		}
		if !f.Since.IsZero() {
			ok = ok && job.CreatedAt.Compare(f.Since) >= 0
		}
		if !f.Until.IsZero() {
			ok = ok && job.CreatedAt.Compare(f.Until) < 0
		}
		if ok {
			want = append(want, job.ID)
		}
	}
	return want
}

// testFollows: a list sees what an update changed, and no longer what it was.
func testFollows(t *testing.T, s glovebox.Store) {
	job := newJob(alice)
	job.Spec.Labels = map[string]string{"a": "1", "b": "2"}
	job = create(t, s, job)
	count := func(f glovebox.JobFilter) int {
		f.Tenant = alice
		return len(list(t, s, f).Jobs)
	}
	job.Status, job.Node = glovebox.StatusRunning, "n1"
	job.Spec.Labels = map[string]string{"a": "1", "b": "3", "c": "4"}
	job = update(t, s, job)
	for want, filters := range [][]glovebox.JobFilter{
		{
			{Statuses: []glovebox.Status{glovebox.StatusPending}},
			{Labels: map[string]string{"b": "2"}},
		}, {
			{Statuses: []glovebox.Status{glovebox.StatusRunning}},
			{Node: "n1"}, {Unfinished: true},
			{Labels: map[string]string{"a": "1", "b": "3", "c": "4"}},
		},
	} {
		for _, f := range filters {
			if got := count(f); got != want {
				t.Errorf("%+v lists %d, want %d", f, got, want)
			}
		}
	}
	job.Status, job.Node, job.Spec.Labels = glovebox.StatusArchived, "", nil
	job.Outcome = glovebox.StatusFailed
	update(t, s, job)
	if got := count(glovebox.JobFilter{Outcomes: []glovebox.Status{glovebox.StatusFailed}}); got != 1 {
		t.Errorf("%d failed, want 1", got)
	}
	for _, f := range []glovebox.JobFilter{
		{Unfinished: true}, {Node: "n1"}, {Outcomes: []glovebox.Status{""}}, {Labels: map[string]string{"a": "1"}}, {Labels: map[string]string{"c": "4"}},
	} {
		if got := count(f); got != 0 {
			t.Errorf("%+v lists %d, want none", f, got)
		}
	}
}

func testLimits(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	_, err := s.ListJobs(ctx, glovebox.JobFilter{})
	wantKind(t, err, glovebox.KindInvalid, "tenant")
	for _, limit := range []int{-1, 1001} {
		_, err := s.ListJobs(ctx, glovebox.JobFilter{Tenant: alice, Limit: limit})
		wantKind(t, err, glovebox.KindInvalid, "limit")
	}
	for n := range 101 {
		create(t, s, numbered(alice, n))
	}
	for limit, want := range map[int]int{0: 100, 1: 1, 100: 100, 101: 101, 1000: 101} {
		page := list(t, s, glovebox.JobFilter{Tenant: alice, Limit: limit})
		if len(page.Jobs) != want || (page.Next == "") != (want == 101) {
			t.Errorf("limit %d: %d jobs, next %q; want %d", limit, len(page.Jobs), page.Next, want)
		}
	}
	if page := list(t, s, glovebox.JobFilter{Tenant: bob}); page.Jobs == nil || len(page.Jobs) != 0 || page.Next != "" {
		t.Errorf("an empty list is %#v, want an empty one that is not nil", page)
	}
}
