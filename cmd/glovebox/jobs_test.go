package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/client"
)

// TestJobsFilters: the server does the choosing; only where jobs stand together
// with how they ended takes two lists.
func TestJobsFilters(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for _, k := range []struct {
		status string
		want   string
	}{
		{"", "[][]"},
		{"failed", "[][FAILED]"},
		{"Failed,completed,CANCELLED", "[][FAILED COMPLETED CANCELLED]"},
		{"running,archived", "[RUNNING ARCHIVED][]"},
		{"failed,pending", "[PENDING][] [][FAILED]"},
	} {
		f := jobsFlags{since: "90m", until: "2026-01-31T11:00:00+01:00", limit: 5000}
		if k.status != "" {
			f.status = strings.Split(k.status, ",")
		}
		filters, err := f.filters(now)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, filter := range filters {
			got = append(got, fmt.Sprint(filter.Statuses)+fmt.Sprint(filter.Outcomes))
			if !filter.Since.Equal(now.Add(-90*time.Minute)) || !filter.Until.Equal(now.Add(-2*time.Hour)) || filter.PageSize != 1000 {
				t.Errorf("%+v", filter)
			}
		}
		if strings.Join(got, " ") != k.want {
			t.Errorf("--status %s: %s, want %s", k.status, got, k.want)
		}
	}
	for _, f := range []jobsFlags{{since: "-1h"}, {until: "soon"}, {since: "2026-01-31"}, {limit: -1}, {status: []string{"nearly"}}, {label: []string{"x"}}} {
		if _, err := f.filters(now); glovebox.KindOf(err) != glovebox.KindUsage {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

// TestMergeJobs: newest first as the API lists them, each once, as read last.
func TestMergeJobs(t *testing.T) {
	at := func(id string, second int64, s glovebox.Status) client.JobSummary {
		return client.JobSummary{ID: id, CreatedAt: time.Unix(second, 0), Status: s}
	}
	earlier := []client.JobSummary{at("e", 5, "RUNNING"), at("b", 3, "RUNNING"), at("a", 3, "RUNNING")}
	later := []client.JobSummary{at("d", 4, "FAILED"), at("c", 3, "FAILED"), at("b", 3, "FAILED"), at("z", 1, "FAILED")}
	var got []string
	for _, j := range mergeJobs(earlier, later) {
		got = append(got, j.ID+string(j.Status[:1]))
	}
	if want := strings.Fields("eR dF cF bF aR zF"); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
