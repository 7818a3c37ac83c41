package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"glovebox/e2e/box"
)

// shownPool is what `glovebox pool --json` says of one.
type shownPool struct {
	Template, Interpreter string
	Hits, Failures        int64
	Slots                 []struct{ ID, State string }
}

// pools reads them, by template.
func pools(t *testing.T, b *box.Box) map[string]shownPool {
	t.Helper()
	var all []shownPool
	parse(t, b.Must("pool", "--json"), &all)
	by := map[string]shownPool{}
	for _, p := range all {
		by[p.Template] = p
	}
	return by
}

func (p shownPool) parked() (n int) {
	for _, s := range p.Slots {
		if s.State == "parked" {
			n++
		}
	}
	return n
}

// waitParked waits until a node has told that so many jobs have taken one of a
// template, and that there are two more, of which one is there for sure.
func waitParked(t *testing.T, b *box.Box, template string, hits int64) {
	t.Helper()
	waitFor(t, 30*time.Second, func() bool {
		p := pools(t, b)[template]
		return p.parked() >= 2 && p.Hits == hits
	})
}

// started says what the job with a label was started from: "cold", or the
// template's name.
func started(t *testing.T, b *box.Box, label string) string {
	t.Helper()
	var jobs []struct {
		ID string `json:"jobID"`
	}
	parse(t, b.Must("jobs", "--json", "--label", label), &jobs)
	if len(jobs) != 1 {
		t.Fatalf("jobs of %s: %v", label, jobs)
	}
	var j struct {
		Result struct{ StartedFrom, Template string }
	}
	parse(t, b.Must("show", "--json", jobs[0].ID), &j)
	if j.Result.StartedFrom == "pool" {
		return j.Result.Template
	}
	return j.Result.StartedFrom
}

// tries are jobs of python:test.
var tries = []struct {
	name string
	args []string // of `glovebox run`, between its flags and the command
	cmd  []string
	from string // what a box that has a template for python starts it from
}{
	{"code", nil, []string{"python3", "-c", "print(2**70)"}, "python"},
	{"arguments", nil, []string{"python3", "-c", "import sys; print(sys.argv)", "a b", "-c", "ü"}, "python"},
	{"environment", []string{"--env", "MARK=x y", "--env", "EMPTY="}, []string{"python3", "-c",
		"import os; print(sorted((k, v) for k, v in os.environ.items() if k != 'HOSTNAME'))"}, "python"},
	{"exit code", nil, []string{"python3", "-c", "import sys; print('no', file=sys.stderr); sys.exit(7)"}, "python"},
	{"an error", nil, []string{"python3", "-c", "def f():\n  raise ValueError('x')\nf()"}, "python"},
	{"not python", nil, []string{"python3", "-c", "x ="}, "python"},
	{"no such script", nil, []string{"python3", "/no/such.py"}, "python"},
	{"folder", []string{"--workdir", "/tmp"}, []string{"python3", "-c", "import os; print(os.getcwd())"}, "python"},
	{"who and where", nil, []string{"python3", "-c", `
import os
print(os.getuid(), os.getgid(), os.getgroups(), os.getpid(), os.getppid(), os.getpgrp(), os.getsid(0))
print(sorted(os.listdir('/proc/self/fd'))[:3], sorted(os.listdir('/')), sorted(p for p in os.listdir('/proc') if p.isdigit()))
print(open('/proc/self/mounts').read(), open('/proc/self/limits').read())
print([l for l in open('/proc/self/status') if l.startswith(('Cap', 'NoNewPrivs', 'Seccomp'))])
`}, "python"},
	{"a file of its own", nil, []string{"python3", "-c", "open('/tmp/x', 'w').write('y' * 70000); print(len(open('/tmp/x').read()))"}, "python"},
	{"another flag", nil, []string{"python3", "-I", "-c", "print('isolated')"}, "generic"},
	{"another user", []string{"--user", "1234"}, []string{"python3", "-c", "import os; print(os.getuid())"}, "generic"},
	{"it reads a variable", []string{"--env", "PYTHONOPTIMIZE=2"}, []string{"python3", "-c", "import sys; print(sys.flags.optimize)"}, "generic"},
	{"more disk", []string{"--disk", "64m"}, []string{"python3", "-c", "print('disk')"}, "generic"},
	{"no program of the image's", nil, []string{"no-such-program"}, ""},
}

// TestTemplates: a parked python3 becomes the job, and what the job sees and
// says is what it sees and says when it is started cold; what does not fit falls
// to the generic pool and runs the same.
func TestTemplates(t *testing.T) {
	cold := up(t, "--pool-max", "0")
	cold.Must("image", "import", pythonArchive(t))
	warm := up(t)
	warm.Must("image", "import", pythonArchive(t))
	r := warm.Run("template", "create", "python", "--image", "python:none", "--interpreter", "python3")
	if r.Code == 0 || !strings.Contains(r.Stderr, "image") {
		t.Errorf("an image that is not here: %+v", r)
	}
	warm.Must("template", "create", "python", "--image", "python:test", "--interpreter", "python3", "--min", "2", "--max", "4")
	if out := warm.Must("template", "list"); !strings.Contains(out, "python3") {
		t.Errorf("list: %s", out)
	}
	hits := map[string]int64{}
	for _, try := range tries {
		t.Run(try.name, func(t *testing.T) {
			for _, template := range []string{"python", "generic"} {
				waitParked(t, warm, template, hits[template])
			}
			hits[try.from]++
			run := func(b *box.Box) box.Result {
				args := append([]string{"run", "--label", "try=" + label(try.name)}, try.args...)
				return b.Run(append(append(args, "python:test", "--"), try.cmd...)...)
			}
			got, want := run(warm), run(cold)
			// A job is told its own id, and nothing else differs.
			if got.Stdout != want.Stdout || got.Code != want.Code || nameless(got.Stderr) != nameless(want.Stderr) {
				t.Errorf("parked: %+v\ncold: %+v", got, want)
			}
			if try.from == "" {
				return
			}
			if from := started(t, warm, "try="+label(try.name)); from != try.from {
				t.Errorf("started from %q, want %q", from, try.from)
			}
			if from := started(t, cold, "try="+label(try.name)); from != "cold" {
				t.Errorf("the other one was started from %q", from)
			}
		})
	}
	if p := pools(t, warm)["python"]; p.Hits == 0 || p.Interpreter != "python3" || p.Failures > 0 {
		t.Errorf("%+v", p)
	}
	warm.Must("template", "remove", "python")
	waitFor(t, 30*time.Second, func() bool { _, there := pools(t, warm)["python"]; return !there })
	if out := warm.Must("run", "--label", "try=after", "python:test", "--", "python3", "-c", "print(1)"); out != "1\n" {
		t.Errorf("after: %q", out)
	}
	if from := started(t, warm, "try=after"); from == "python" {
		t.Error("started from a template that is gone")
	}
	warm.NoResidue()
	cold.NoResidue()
}

// jobIDs are in what the command line says of a failure.
var jobIDs = regexp.MustCompile(`j[a-z0-9]{20}`)

func nameless(s string) string { return jobIDs.ReplaceAllString(s, "JOB") }

// TestTemplateSecrets: nothing of one job is in a sandbox that another one takes,
// and no two have the same randomness, though both were started ahead.
func TestTemplateSecrets(t *testing.T) {
	b := up(t)
	b.Must("image", "import", pythonArchive(t))
	b.Must("template", "create", "python", "--image", "python:test", "--interpreter", "python3", "--min", "3", "--max", "3")
	seen := map[string]bool{}
	for i := range 4 {
		waitParked(t, b, "python", int64(i))
		name := fmt.Sprint("random", i)
		out := b.Must("run", "--label", "try="+name, "--env", "SECRET=hunter2-"+name, "python:test", "--", "python3", "-c",
			"import random, os; print(random.random(), hash('x'), os.urandom(8).hex(), *(v for v in os.environ.values() if 'hunter2' in v))")
		if from := started(t, b, "try="+name); from != "python" {
			t.Errorf("started from %s: %+v", from, pools(t, b))
		}
		words := strings.Fields(out)
		if len(words) != 4 || words[3] != "hunter2-"+name {
			t.Fatalf("%q", out)
		}
		for _, w := range words[:3] {
			if seen[w] {
				t.Errorf("%s comes twice", w)
			}
			seen[w] = true
		}
	}
	b.NoResidue()
}

// TestImageTemplate: a job takes a sandbox that was parked for its image before
// one for any.
func TestImageTemplate(t *testing.T) {
	b := up(t)
	b.Must("template", "create", "box", "--image", "busybox:test", "--min", "2")
	waitParked(t, b, "box", 0)
	if out := b.Must("run", "--label", "try=box", "--env", "A=b c", "busybox:test", "--", "sh", "-c", "echo $A $FROM_IMAGE"); out != "b c yes\n" {
		t.Errorf("%q", out)
	}
	if from := started(t, b, "try=box"); from != "box" {
		t.Errorf("started from %s: %+v", from, pools(t, b))
	}
	b.NoResidue()
}
