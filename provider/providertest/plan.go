package providertest

import (
	"reflect"
	"testing"

	"glovebox"
)

// testPlanPure: planning has no effect and gives the same answer each time.
func testPlanPure(t *testing.T, w World) {
	job, _ := w.job(w.Never)
	before := job
	first, again := w.Provider.Plan(job), w.Provider.Plan(job)
	if !reflect.DeepEqual(first, again) {
		t.Errorf("planned %v, then %v", first, again)
	}
	if !reflect.DeepEqual(job, before) {
		t.Error("planning changed the job")
	}
	if len(first) == 0 {
		t.Fatal("an attempt needs nothing")
	}
	for _, r := range first {
		if r.State != glovebox.ResourceIntent || r.Job != job.ID || r.Attempt != job.Attempt+1 || r.Name == "" || r.Kind == "" {
			t.Errorf("planned %+v", r)
		}
	}
	if owned, err := w.Provider.Owned(t.Context()); err != nil || len(owned) != 0 {
		t.Errorf("planning made %v, %v", owned, err)
	}
}

// testPlanAttempts: nothing of one attempt has the name of another's.
func testPlanAttempts(t *testing.T, w World) {
	job, _ := w.job(w.Never)
	names := map[string]int{}
	for attempt := range 3 {
		job.Attempt = attempt
		for _, r := range w.Provider.Plan(job) {
			names[r.Kind+"/"+r.Name]++
		}
	}
	for name, n := range names {
		if n > 1 {
			t.Errorf("%s is planned for %d attempts", name, n)
		}
	}
}
