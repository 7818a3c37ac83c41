package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"glovebox"
	"glovebox/e2e/box"
)

// keeps builds something, and then answers each job with what it has kept and
// what is the job's own. A program that was saved goes on in its loop, so it
// looks whether it has been restored.
const keeps = `
import os, sys, time, json, random, socket
table = {n: n * n for n in range(200000)}
def answer():
    told = json.load(open("/run/glovebox/restored"))
    random.seed()
    print(json.dumps({
        "sum": sum(table.values()), "id": told["id"], "args": told["args"], "mark": dict(v.split("=", 1) for v in told["env"]).get("MARK"),
        "random": random.random(), "urandom": os.urandom(8).hex(), "machine": open("/etc/machine-id").read().strip(),
        "host": socket.gethostname(), "clock": time.time(), "pid": os.getpid(),
    }), flush=True)
    sys.exit(0)
print("glovebox: ready", flush=True)
while not os.path.exists("/run/glovebox/restored"):
    time.sleep(0.01)
answer()
`

// kept is what a job of keeps says.
type kept struct {
	Sum                              int64
	ID, Mark, Urandom, Machine, Host string
	Args                             []string
	Random, Clock                    float64
	PID                              int
}

const keptSum = 200000 * 199999 * 399999 / 6

// goOn runs a job from a template and returns what it says.
func goOn(t *testing.T, b *box.Box, template, name string, flags ...string) (k kept) {
	t.Helper()
	args := append([]string{"run", "--template", template, "--label", "try=" + name, "--env", "MARK=" + name}, flags...)
	if err := json.Unmarshal([]byte(b.Must(append(args, "--", "told", name)...)), &k); err != nil {
		t.Fatal(err)
	}
	if k.Sum != keptSum || k.Mark != name || fmt.Sprint(k.Args) != "[told "+name+"]" {
		t.Errorf("job %s: %+v", name, k)
	}
	if away := time.Since(time.UnixMicro(int64(k.Clock * 1e6))); away.Abs() > time.Minute {
		t.Errorf("its clock is off by %s", away)
	}
	return k
}

// snapshotFolders are those on the box's disk, whole or not.
func snapshotFolders(t *testing.T, b *box.Box) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(b.Data, "sandboxes", "snapshots"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func noSnapshots(t *testing.T, b *box.Box) {
	t.Helper()
	waitFor(t, 20*time.Second, func() bool { return len(snapshotFolders(t, b)) == 0 })
	b.NoResidue()
}

// running starts a job of keeps and waits until it is ready.
func running(t *testing.T, b *box.Box, flags ...string) (id string) {
	t.Helper()
	args := append([]string{"run", "--detach"}, flags...)
	id = strings.TrimSpace(b.Must(append(args, "python:test", "--", "python3", "-c", keeps)...))
	waitFor(t, 30*time.Second, func() bool { return strings.Contains(b.Run("logs", id).Stdout, "glovebox: ready") })
	return id
}

// TestTemplateFromJob: jobs go on from where another was saved, each as itself,
// whether one was parked for them or not; the job that was saved goes on too,
// and with the template its files go.
func TestTemplateFromJob(t *testing.T) {
	b := up(t)
	b.Must("image", "import", pythonArchive(t))
	id := running(t, b)
	out := b.Must("template", "create", "kept", "--from", id, "--min", "2", "--max", "3")
	if !strings.Contains(out, id) {
		t.Errorf("create: %s", out)
	}
	if names := snapshotFolders(t, b); len(names) != 1 || strings.HasPrefix(names[0], ".") {
		t.Errorf("on disk: %v", names)
	}
	if out := b.Must("show", id); !strings.Contains(out, "RUNNING") {
		t.Errorf("the job that was saved: %s", out)
	}
	b.Must("cancel", id)
	seen := map[string]bool{}
	for i := range 3 {
		waitParked(t, b, "kept", int64(i))
		name := fmt.Sprint("go", i)
		k := goOn(t, b, "kept", name)
		for _, own := range []string{k.ID, k.Urandom, k.Machine, k.Host, fmt.Sprint(k.Random)} {
			if own == "" || seen[own] {
				t.Errorf("%q comes twice: %+v", own, k)
			}
			seen[own] = true
		}
		if from := started(t, b, "try="+name); from != "kept" {
			t.Errorf("started from %s: %+v", from, pools(t, b))
		}
	}
	// Those that nobody has asked for by name go to others.
	if out := b.Must("run", "--label", "try=plain", "python:test", "--", "python3", "-c", "print(1)"); out != "1\n" {
		t.Errorf("a job that names no template: %q", out)
	}
	if from := started(t, b, "try=plain"); from == "kept" {
		t.Error("a job that names no template took what was saved")
	}
	b.NoResidue()

	// A restart of everything.
	if code := b.Stop(); code != 0 {
		t.Fatalf("stop: %d", code)
	}
	b.Start()
	goOn(t, b, "kept", "again")

	// Nothing is parked: restored for the job.
	b.Stop()
	b.Start("--pool-max", "0")
	goOn(t, b, "kept", "cold")
	if from := started(t, b, "try=cold"); from != "cold" {
		t.Errorf("started from %s without a pool", from)
	}
	b.Must("template", "remove", "kept")
	noSnapshots(t, b)
	if r := b.Run("run", "--template", "kept"); r.Code != 74 {
		t.Errorf("a job of a template that is gone: %+v", r)
	}
}

// TestTemplatePrepared: a command prepares, says so, and is saved and over.
func TestTemplatePrepared(t *testing.T) {
	b := up(t)
	b.Must("image", "import", pythonArchive(t))
	b.Must("template", "create", "prepared", "--image", "python:test", "--memory", "256m", "--prepare", "python3", "--", "-c", keeps)
	if out := b.Must("jobs", "--label", "glovebox.template=prepared"); strings.Contains(out, "RUNNING") {
		t.Errorf("the job that prepared: %s", out)
	}
	goOn(t, b, "prepared", "one")
	goOn(t, b, "prepared", "two", "--memory", "512m")
	for name, r := range map[string]struct {
		args  []string
		field string
	}{
		"another user": {[]string{"--user", "1234"}, "user"},
		"more disk":    {[]string{"--disk", "64m"}, "limits.disk"},
		"runc":         {[]string{"--runtime", "runc"}, "runtime"},
	} {
		got := b.Run(append(append([]string{"run", "--template", "prepared"}, r.args...), "--", "x")...)
		if got.Code == 0 || !strings.Contains(got.Stderr, r.field) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	r := b.Run("template", "create", "never", "--image", "python:test", "--prepare", "python3", "--", "-c", "print('nothing'); raise SystemExit(3)")
	if r.Code == 0 || !strings.Contains(r.Stderr, "ended with 3") {
		t.Errorf("one that is never ready: %+v", r)
	}
	if r := b.Run("template", "create", "none", "--from", "j00000000000000000000"); r.Code != 74 {
		t.Errorf("no such job: %+v", r)
	}
	b.Must("template", "remove", "prepared")
	noSnapshots(t, b)
}

// TestTemplateCutShort: an agent that is killed while it has a job saved leaves
// nothing, or what the next one has made anew.
func TestTemplateCutShort(t *testing.T) {
	b := up(t)
	b.Must("image", "import", pythonArchive(t))
	big := strings.TrimSpace(b.Must("run", "--detach", "--memory", "1g", "python:test", "--", "python3", "-c",
		"import os, time\nbig = [os.urandom(1 << 20) for _ in range(600)]\nprint('glovebox: ready', flush=True)\ntime.sleep(600)"))
	waitFor(t, 60*time.Second, func() bool { return strings.Contains(b.Run("logs", big).Stdout, "glovebox: ready") })
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	create := b.Command(ctx, "template", "create", "big", "--from", big)
	if err := create.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 20*time.Second, func() bool {
		names := snapshotFolders(t, b)
		return len(names) > 0 && strings.HasPrefix(names[0], ".")
	})
	if err := syscall.Kill(b.Children("glovebox agent")[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	made := create.Wait() == nil
	waitFor(t, 60*time.Second, func() bool {
		names := snapshotFolders(t, b)
		if !made {
			return len(names) == 0
		}
		return len(names) == 1 && !strings.HasPrefix(names[0], ".")
	})
	if made {
		b.Must("template", "remove", "big")
	}
	if out := b.Must("show", big); !strings.Contains(out, "RUNNING") {
		t.Errorf("the job did not go on: %s", out)
	}
	b.Must("cancel", big)
	noSnapshots(t, b)
}

// TestTemplateOfOneTenant: what was saved is its tenant's alone, and to others as
// what never was.
func TestTemplateOfOneTenant(t *testing.T) {
	p := startPeople(t, nil)
	ada := p.join(p.at.FirstAdmin(), "Ada")
	p.box.Must("tenant", "set", "other", "--name", "The others")
	link := regexp.MustCompile(`https://\S+/enrol#\S+`).FindString(p.box.Must("admin", "link", "--tenant", "other"))
	bob := p.join(link, "Bob")
	for _, who := range []*person{ada, bob} {
		who.Must("image", "import", archives.busybox)
	}
	id := ada.detached("sh", "-c", "echo ready; while [ ! -e /run/glovebox/restored ]; do sleep 0.05; done; echo went on")
	waitFor(t, 30*time.Second, func() bool { return ada.Run("logs", id).Stdout == "ready\n" })
	refused(t, bob.Run("template", "create", "theirs", "--from", id), glovebox.KindNotFound)
	if names := snapshotFolders(t, p.box); len(names) > 0 {
		t.Errorf("somebody else's job was saved: %v", names)
	}
	ada.Must("template", "create", "kept", "--from", id)
	refused(t, bob.Run("run", "--template", "kept", "--", "x"), glovebox.KindNotFound)
	refused(t, bob.Run("template", "show", "kept"), glovebox.KindNotFound)
	refused(t, bob.Run("template", "remove", "kept"), glovebox.KindNotFound)
	if out := ada.Must("run", "--template", "kept"); out != "went on\n" {
		t.Errorf("her own: %q", out)
	}
	ada.Must("cancel", id)
	ada.Must("template", "remove", "kept")
	noSnapshots(t, p.box)
}
