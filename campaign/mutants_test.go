package campaign

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutant is a bug, put in by replacing a text that occurs once in a file.
type mutant struct {
	name     string
	file     string
	old, new string
	by       string // the test that must find it, and perhaps which of its parts
}

// mutants are mistakes that somebody could make, each of which loses a job, runs
// one twice, or leaves something behind, sooner or later.
var mutants = []mutant{
	{"the store's version is not looked at", "store/memory/jobs.go",
		"case old.job.Version != job.Version:", "case false:", "TestSimulation"},
	{"no marker is set before the start", "agent/start.go",
		"return s.dir.writeStarted(startRecord{Boot: s.a.cfg.Boot, At: s.started, From: told.GetStartedFrom(), Of: told.GetTemplate(), Was: s.was})",
		"_ = told\n\treturn nil", "TestEveryFault/warm=0/n1.runtime.Wait/dies"},
	{"a marked sandbox is prepared again", "agent/stock.go",
		"if !marked || untouched && mark.Boot == s.a.cfg.Boot {", "if marked || !marked {", "TestEveryFault/warm=0/n1.runtime.Wait/dies"},
	{"an end is noted twice", "engine/step.go",
		"case Ignore:\n", "case \"\":\n", "TestEveryFault/warm=0/a.store.UpdateJob/loses"},
	{"the sandbox's link is not removed", "agent/destroy.go",
		"failed = a.detach(ctx, id, was)", "_ = was", "TestEveryFault/warm=0/n1.network.Detach"},
	{"gone is noted without removing", "orchestrator/act.go",
		"left, err := o.Provider.Remove(ctx, job, r)\n", "left, err := r, error(nil)\n\t\tleft.State = glovebox.ResourceGone\n", "TestEveryFault/warm=0/a.provider.Remove"},
	{"the reaper takes a failed read for an empty one", "orchestrator/reaper.go",
		"if err != nil {\n\t\treturn false, err\n\t}\n\treturn slices", "if err != nil {\n\t\treturn false, nil\n\t}\n\treturn slices", "TestSimulation"},
	{"the lease is never renewed", "orchestrator/drive.go",
		"Until: now.Add(leaseTime)", "Until: job.CreatedAt", "TestLeases"},
	{"the lease of others is not looked at", "orchestrator/sweep.go",
		"if job.Lease.Holder != o.Holder && job.Lease.Until.After(now) {", "if false {", "TestLeases"},
	{"a job is acknowledged before it is stored", "orchestrator/submit.go",
		"o.queue.add(job.ID) // perhaps it is stored: a worker drives it, or gives its room back\n\t\treturn glovebox.Job{}, false, err",
		"return job, true, nil", "TestEveryFault/warm=0/a.store.CreateJob/fails"},
	{"sandboxes are destroyed when a call fails", "agent/sync.go",
		"default:\n\t\t\tb.wait(ctx)\n", "default:\n\t\t\ta.apply(ctx, &nodev1.SyncResponse{})\n\t\t\tb.wait(ctx)\n", "TestEveryFault/warm=0/n1.wire.Sync/fails"},
	{"a list that was overtaken is believed", "provider/local/sync.go",
		"case slices.Contains(n.past, run) || run == n.run && sequence <= n.sequence:", "case slices.Contains(n.past, \"\"):", "TestSimulation"},
	{"an order that was taken back counts as carried out", "provider/local/provider.go",
		"r.State = glovebox.ResourceDeleting\n\treturn r, nil", "r.State = glovebox.ResourceGone\n\treturn r, nil", "TestEveryFault/warm=0/a.provider.Remove"},
	{"output is final before all of it has come", "orchestrator/act.go",
		"&& !engine.SealNow(job, o.Now()) {", "&& false {", "TestEveryFault/warm=0/n1.wire.ShipOutput"},
	{"the idempotency key is dropped", "orchestrator/submit.go",
		"o.Store.CreateJob(ctx, job, key, events...)", "o.Store.CreateJob(ctx, job, nil, events...)", "TestEveryFault/warm=0/client.Submit"},
	{"a job that has ended is never due", "engine/expire.go",
		"j.Due = now.Add(retry)\n\t\tif j.Receipt", "j.Due = time.Time{}\n\t\tif j.Receipt", "TestEveryFault/warm=0/a.store.UpdateJob"},
	{"a report that could not be stored is forgotten", "orchestrator/drive.go",
		"o.inbox[id] = slices.Concat(events, o.inbox[id])", "_ = events", "TestEveryFault/warm=0/a.store.UpdateJob/fails"},
	{"output that could not be stored is acknowledged", "provider/local/streams.go",
		"	if err != nil {\n\t\treturn wireError(err)\n\t}\n\t*size = n\n", "\tif err != nil {\n\t\tn = c.GetOffset() + int64(len(c.GetData()))\n\t}\n\t*size = n\n", "TestEveryFault/warm=0/a.blobs.Append/fails"},
	{"the end of a job is not audited", "orchestrator/told.go",
		"if !was.Status.Ended() && is.Status.Ended() {", "if false {", "TestEveryFault/warm=0/a.store.UpdateJob"},
}

// TestMutantsFit: each bug can still be put in where it says, and is in the table
// of docs/RELIABILITY.md.
func TestMutantsFit(t *testing.T) {
	docs, err := os.ReadFile("../docs/RELIABILITY.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants {
		if row := fmt.Sprintf("| %s | `%s` | `%s` |", m.name, m.file, m.by); !strings.Contains(string(docs), row) {
			t.Errorf("docs/RELIABILITY.md has no row\n%s", row)
		}
		text, err := os.ReadFile(filepath.Join("..", m.file))
		if err != nil {
			t.Error(err)
		} else if n := strings.Count(string(text), m.old); n != 1 {
			t.Errorf("%s: its text is in %s %d times, not once:\n%s", m.name, m.file, n, m.old)
		}
	}
}

// TestMutants puts each bug in, by an overlay that leaves the sources alone, and
// wants the test that is named with it to fail.
func TestMutants(t *testing.T) {
	if os.Getenv("GLOVEBOX_MUTANTS") == "" {
		t.Skip("skipped: it builds Glovebox once for each bug; set GLOVEBOX_MUTANTS=1, or run make campaign")
	}
	for _, m := range mutants {
		t.Run(strings.ReplaceAll(m.name, " ", "_"), func(t *testing.T) {
			count("mutants", 1)
			out, err := m.run(t)
			test, _, _ := strings.Cut(m.by, "/")
			switch {
			case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
				t.Fatalf("it does not build:\n%s", out)
			case err == nil:
				t.Errorf("%s does not find it", m.by)
			case !strings.Contains(out, "--- FAIL: "+test) || strings.Contains(out, "panic: test timed out"):
				t.Fatalf("%v:\n%s", err, out)
			default:
				count("found", 1)
				t.Logf("found:\n%s", firstLines(out, 6))
			}
		})
	}
}

// run runs the tests over the changed sources.
func (m mutant) run(t *testing.T) (string, error) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", m.file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	changed := filepath.Join(dir, filepath.Base(path))
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	run := "^" + strings.ReplaceAll(m.by, "/", "/^")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-vet=off", "-failfast", "-timeout=5m", "-overlay="+file, "-run="+run, ".")
	cmd.Env = append(os.Environ(), "GLOVEBOX_MUTANTS=", "GLOVEBOX_CAMPAIGN=", "GLOVEBOX_SEEDS=150", "GLOVEBOX_LOOKS=3")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// firstLines are the first lines that say what failed.
func firstLines(out string, n int) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.Join(lines[:min(n, len(lines))], "\n")
}
