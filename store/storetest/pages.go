package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
)

// walkPages reads a list to its end, calling between after each page.
func walkPages(t testing.TB, s glovebox.Jobs, f glovebox.JobFilter, limit int, between func()) []glovebox.Job {
	t.Helper()
	var all []glovebox.Job
	f.Limit = limit
	for range 1000 {
		page := list(t, s, f)
		if len(page.Jobs) > limit || len(page.Jobs) == 0 && page.Next != "" {
			t.Fatalf("a page of %d jobs, limit %d, next %q", len(page.Jobs), limit, page.Next)
		}
		all = append(all, page.Jobs...)
		if page.Next == "" {
			return all
		}
		f.Cursor = page.Next
		if between != nil {
			between()
		}
	}
	t.Fatal("the list has no end")
	return nil
}

// testPages: pages of any size join up to the whole list.
func testPages(t *testing.T, s glovebox.Store) {
	var want []string
	for n := range 12 {
		job := numbered(alice, n)
		job.CreatedAt = epoch.Add(time.Duration(n / 5)) // several at one instant
		create(t, s, job)
		want = append(want, job.ID)
	}
	slices.Reverse(want)
	for limit := 1; limit <= 13; limit++ {
		equal(t, fmt.Sprint("pages of ", limit), ids(walkPages(t, s, glovebox.JobFilter{Tenant: alice}, limit, nil)), want)
	}
	page := list(t, s, glovebox.JobFilter{Tenant: alice, Limit: 5})
	again := list(t, s, glovebox.JobFilter{Tenant: alice, Limit: 5})
	equal(t, "the same page", again, page)
	rest := list(t, s, glovebox.JobFilter{Tenant: alice, Limit: 2, Cursor: page.Next})
	equal(t, "with another limit", ids(rest.Jobs), want[5:7])
}

// testPagesUnderWrites: jobs that exist throughout come once each and in
// order, whatever is made, moved or archived meanwhile; and what is made
// before the place that was reached does not come at all.
func testPagesUnderWrites(t *testing.T, s glovebox.Store) {
	var there []string
	for n := range 40 {
		create(t, s, numbered(alice, n*10))
		there = append(there, numbered(alice, n*10).ID)
	}
	slices.Reverse(there)
	extra := 0
	got := ids(walkPages(t, s, glovebox.JobFilter{Tenant: alice}, 7, func() {
		extra++
		create(t, s, numbered(alice, 1000+extra))  // at the head
		create(t, s, numbered(alice, extra*40-39)) // somewhere inside
		create(t, s, numbered(bob, 1500+extra))
		job := get(t, s, there[extra*3])
		job.Status, job.Node = glovebox.StatusArchived, "n1"
		update(t, s, job)
	}))
	if !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Fatalf("out of order: %v", got)
	}
	seen := map[string]int{}
	for _, id := range got {
		seen[id]++
		if seen[id] > 1 || id > there[0] {
			t.Errorf("%s should not be here: %v", id, got)
		}
	}
	for _, id := range there {
		if seen[id] != 1 {
			t.Errorf("%s came %d times", id, seen[id])
		}
	}
}

func testBadCursor(t *testing.T, s glovebox.Store) {
	for n := range 4 {
		create(t, s, numbered(alice, n))
		create(t, s, numbered(bob, n+10))
	}
	next := list(t, s, glovebox.JobFilter{Tenant: alice, Limit: 1}).Next
	if strings.Contains(next, "job-") {
		t.Errorf("cursor %q is not opaque", next)
	}
	bad := []string{"x", " ", "job-000001", "AAAA", "\x00", next + "A", next[1:], next[:len(next)-4], " " + next,
		strings.Repeat("A", 1<<20), list(t, s, glovebox.JobFilter{Tenant: bob, Limit: 1}).Next}
	for i := range next { // every single character counts
		swapped := []byte(next)
		swapped[i] ^= 1
		bad = append(bad, string(swapped))
	}
	for _, cursor := range bad {
		_, err := s.ListJobs(context.Background(), glovebox.JobFilter{Tenant: alice, Cursor: cursor})
		if len(cursor) > 100 {
			cursor = cursor[:100]
		}
		if glovebox.KindOf(err) != glovebox.KindInvalid || glovebox.AsError(err).Field != "cursor" {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

// testOtherCursor: a cursor of a list with other filters may be refused. If it
// is not, it shows nothing that the filter does not let through.
func testOtherCursor(t *testing.T, s glovebox.Store) {
	for n := range 10 {
		create(t, s, numbered(alice, n))
	}
	next := list(t, s, glovebox.JobFilter{Tenant: alice, Limit: 2}).Next
	page, err := s.ListJobs(context.Background(), glovebox.JobFilter{
		Tenant: alice, Until: numbered(alice, 3).CreatedAt, Cursor: next,
	})
	if err != nil {
		wantKind(t, err, glovebox.KindInvalid, "cursor")
		return
	}
	equal(t, "jobs", ids(page.Jobs), []string{"job-000002", "job-000001", "job-000000"})
}
