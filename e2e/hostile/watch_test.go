package hostile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox/e2e/box"
	"glovebox/e2e/fixture"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// probing executes a program from a place that jobs can write and asks the cloud
// for its metadata, in a sandbox without a network. Then it stays.
const probing = "cp /bin/busybox /tmp/true; /tmp/true && echo dropped; nc -w 2 169.254.169.254 80; echo probed; sleep 60"

// toldOf is a policy that knows the programs of a job and only tells what else it
// does; endedIf ends it for that.
const (
	toldOf  = "version: glovebox/v1\nprofile: {runs: 1, execs: [/bin/busybox], kinds: [exec]}\n"
	endedIf = toldOf + "watch: {kill: medium}\n"
)

// TestWatchEndsAJob: a job that probes is found out while it runs: an event of
// it, one in the audit log, a number, and its end if the policy says so. The
// control is the same job with a policy that does not, and an ordinary job.
func TestWatchEndsAJob(t *testing.T) {
	for how, args := range map[string][]string{"cold": {"--pool-max", "0"}, "parked": nil} {
		t.Run(how, func(t *testing.T) {
			b, metrics := watched(t, args...)
			w := &witness{T: t, b: b, how: how}
			ended, output := w.run("ended", endedIf, probing)
			if !strings.HasPrefix(output, "dropped\n") || ended.Outcome != "FAILED" || ended.Reason != "policy_denied" {
				t.Errorf("it goes on: %+v: %q", ended, output)
			}
			if !strings.Contains(ended.Error.Message, "metadata_probe") || ended.Error.Hint == "" {
				t.Errorf("it is ended for %+v", ended.Error)
			}
			if ran := time.Duration(ended.Result.Duration); ran > 20*time.Second {
				t.Errorf("it ran for %s", ran)
			}
			w.found(ended, "metadata_probe medium", "unusual_exec low", "drift low")

			going, output := w.run("told of", toldOf, strings.ReplaceAll(probing, "sleep 60", "sleep 2"))
			if going.Outcome != "COMPLETED" || !strings.HasSuffix(output, "probed\n") {
				t.Errorf("control: a policy that ends nothing: %+v: %q", going, output)
			}
			w.found(going, "metadata_probe medium", "unusual_exec low", "drift low")

			ordinary, _ := w.run("ordinary", endedIf, "echo hello; sleep 2")
			if ordinary.Outcome != "COMPLETED" || len(ordinary.Findings) != 0 {
				t.Errorf("control: an ordinary job: %+v", ordinary)
			}
			w.tenant("version: glovebox/v1\nwatch: {kill: medium}\n")
			inherited, _ := w.run("inherited", "", probing)
			if inherited.Outcome != "FAILED" || inherited.Reason != "policy_denied" {
				t.Errorf("a job that says nothing is not ended as its tenant says: %+v", inherited)
			}
			w.found(inherited, "metadata_probe medium")
			for series, least := range map[string]int{
				`glovebox_findings_total{rule="metadata_probe",severity="medium"}`: 3, `glovebox_findings_total{rule="unusual_exec",severity="low"}`: 2,
			} {
				if n := sample(t, metrics, series); n != least {
					t.Errorf("%s is %d, want %d", series, n, least)
				}
			}
			b.NoResidue()
		})
	}
}

// watched starts a glovebox with busybox:test, whose numbers can be read.
func watched(t *testing.T, args ...string) (b *box.Box, metrics string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	metrics = l.Addr().String()
	l.Close()
	archive := filepath.Join(t.TempDir(), "busybox.tar")
	tree, err := fixture.Busybox(fixture.BusyboxPath)
	if err == nil {
		img, wrong := fixture.Image(tree, v1.Config{Env: []string{"PATH=/bin:/usr/bin"}})
		err = errors.Join(wrong, fixture.WriteArchive(archive, "busybox:test", img))
	}
	if err != nil {
		t.Fatal(err)
	}
	b = box.Up(t, append(args, "--metrics-listen", metrics)...)
	b.Must("image", "import", archive)
	return b, "http://" + metrics + "/metrics"
}

// sample is a number of the metrics; 0 if it is not there.
func sample(t *testing.T, url, series string) (n int) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			_, _ = fmt.Sscan(value, &n)
		}
	}
	return n
}

// witness runs jobs and reads what is known of them.
type witness struct {
	*testing.T
	b   *box.Box
	how string
}

// judged is a job as it is shown.
type judged struct {
	ID, Status, Outcome, Reason string
	Error                       struct{ Message, Hint string }
	Result                      struct {
		Duration    duration
		StartedFrom string
	}
	Findings []struct{ Rule, Severity string }
}

// duration is one as the API spells it.
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = duration(v)
	return err
}

// file writes a document.
func (w *witness) file(doc string) string {
	w.Helper()
	file := filepath.Join(w.TempDir(), "policy.yaml")
	if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
		w.Fatal(err)
	}
	return file
}

// tenant sets the tenant's policy.
func (w *witness) tenant(policy string) {
	w.Helper()
	w.b.Must("policy", "set", w.file(policy))
}

// run runs a script, with a policy if it is to have one, to its end, and returns
// what it printed.
func (w *witness) run(label, policy, script string) (judged, string) {
	w.Helper()
	args := []string{"run", "--detach", "--label", "watch=" + strings.ReplaceAll(label, " ", "-")}
	if policy != "" {
		args = append(args, "--policy", w.file(policy))
	}
	if w.how == "parked" {
		waitFor(w.T, 30*time.Second, func() bool { return ready(w.T, w.b) >= 1 })
	}
	id := strings.TrimSpace(w.b.Must(append(args, "busybox:test", "--", "sh", "-c", script)...))
	out := w.b.Must("logs", "-f", id)
	var j judged
	waitFor(w.T, 30*time.Second, func() bool {
		j = judged{}
		if err := json.Unmarshal([]byte(w.b.Must("show", "--json", id)), &j); err != nil {
			w.Fatal(err)
		}
		return j.Status == "ARCHIVED"
	})
	j.ID = id
	if from := map[string]string{"cold": "cold", "parked": "pool"}[w.how]; j.Result.StartedFrom != from {
		w.Errorf("%s was started from %q", label, j.Result.StartedFrom)
	}
	return j, out
}

// found holds that exactly these were found of a job, as its events, the audit
// log and the job itself tell.
func (w *witness) found(j judged, want ...string) {
	w.Helper()
	var has []string
	for _, f := range j.Findings {
		has = append(has, f.Rule+" "+f.Severity)
	}
	slices.Sort(has)
	slices.Sort(want)
	if !slices.Equal(has, want) {
		w.Errorf("found %q, want %q", has, want)
	}
	events, audit := w.b.Must("logs", "--events", j.ID), w.b.Must("audit", "--json", "--since", "all", "--action", "job.finding", "--target", j.ID)
	for _, f := range want {
		rule, severity, _ := strings.Cut(f, " ")
		if !strings.Contains(events, " finding "+f) {
			w.Errorf("no event of %s in\n%s", f, events)
		}
		if n := strings.Count(audit, `"rule":"`+rule+`"`); n == 0 || !strings.Contains(audit, `"severity":"`+severity+`"`) {
			w.Errorf("no event of %s in the audit log:\n%s", f, audit)
		}
	}
}
