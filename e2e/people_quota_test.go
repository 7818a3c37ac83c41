package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"glovebox"
)

// TestQuotas has two tenants on one machine: what one may not take holds up
// nobody else, and neither sees anything of the other.
func TestQuotas(t *testing.T) {
	p := startPeople(t, nil)
	ada := p.join(p.at.FirstAdmin(), "Ada")
	p.box.Must("tenant", "set", glovebox.LocalTenant, "--concurrent-jobs", "1", "--queued-jobs", "1")
	p.box.Must("tenant", "set", "other", "--name", "The others")
	link := regexp.MustCompile(`https://\S+/enrol#\S+`).FindString(p.box.Must("admin", "link", "--tenant", "other"))
	bob := p.join(link, "Bob")
	ada.Must("image", "import", archives.busybox)
	refused(t, bob.Run("run", "--pull", "never", "busybox:test", "--", "true"), glovebox.KindImageUnknown)
	bob.Must("image", "import", archives.busybox)

	first := ada.detached("sleep", "300")
	ada.job(first, "RUNNING")
	second := ada.detached("echo", "second")
	refused(t, ada.Run("run", "--detach", "busybox:test", "--", "true"), glovebox.KindTooMany, "queued")
	if out := bob.Must("run", "busybox:test", "--", "echo", "past"); out != "past\n" {
		t.Errorf("the other tenant's job: %q", out)
	}
	if j := ada.job(second, "PENDING"); j.Outcome != "" {
		t.Errorf("the second job did not wait: %+v", j)
	}
	var usage struct {
		Usage struct{ ConcurrentJobs, QueuedJobs int }
	}
	if parse(t, ada.Must("tenant", "show", "--json"), &usage); usage.Usage.ConcurrentJobs != 1 || usage.Usage.QueuedJobs != 1 {
		t.Errorf("usage: %+v", usage)
	}
	bob.knowsNothingOf(ada, first)

	ada.Must("cancel", first)
	ada.job(second, "COMPLETED", "ARCHIVED")
	if out := ada.Must("logs", "-f", second); out != "second\n" {
		t.Errorf("the second job's output: %q", out)
	}
	p.box.NoResidue()
}

// detached submits a job and returns its id.
func (w *person) detached(command ...string) string {
	w.t.Helper()
	return strings.TrimSpace(w.Must(append([]string{"run", "--detach", "busybox:test", "--"}, command...)...))
}

// knowsNothingOf checks that a job of another tenant is, in every way to ask
// for it, as one that never was.
func (w *person) knowsNothingOf(other *person, job string) {
	w.t.Helper()
	var theirs, ours []shownJob
	parse(w.t, other.Must("jobs", "--json"), &theirs)
	parse(w.t, w.Must("jobs", "--json"), &ours)
	if len(theirs) != 2 || len(ours) != 1 {
		w.t.Errorf("jobs: %v and %v", theirs, ours)
	}
	if len(ours) == 1 && slices.ContainsFunc(theirs, func(j shownJob) bool { return j.ID == ours[0].ID }) {
		w.t.Errorf("job %s is in both lists", ours[0].ID)
	}
	for _, command := range [][]string{{"show", job}, {"logs", job}, {"logs", "-f", job}, {"cancel", job}} {
		refused(w.t, w.Run(command...), glovebox.KindNotFound)
	}
	if j := other.job(job, "RUNNING"); j.Outcome != "" {
		w.t.Errorf("the job is not as it was: %+v", j)
	}
}
