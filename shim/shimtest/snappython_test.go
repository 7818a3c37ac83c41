package shimtest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	api "github.com/containerd/containerd/api/runtime/task/v3"
)

// addPython puts the machine's python3 into the image, with its library.
func (s *Shim) addPython(t testing.TB) (exe string) {
	t.Helper()
	exe, err := filepath.EvalSymlinks("/usr/bin/python3")
	if err != nil {
		t.Skipf("skipped: there is no python3 on this machine: %v", err)
	}
	libs, err := exec.Command("ldd", exe).Output()
	must(t, err)
	paths := []string{exe, "/usr/lib/" + filepath.Base(exe)}
	for f := range strings.FieldsSeq(string(libs)) {
		if strings.HasPrefix(f, "/") {
			paths = append(paths, f)
		}
	}
	for _, path := range paths {
		to := filepath.Join(s.Rootfs, path)
		must(t, os.MkdirAll(filepath.Dir(to), 0o755))
		if out, err := exec.Command("cp", "-rL", path, to).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return exe
}

const pythonLoop = `
import sys, os, random, json, collections, decimal, hashlib
big = os.urandom(32 << 20)
print("ready", hashlib.sha256(big).hexdigest(), flush=True)
seen = None
for line in sys.stdin:
    try:
        now = json.load(open("/run/glovebox/restored"))["id"]
    except FileNotFoundError:
        now = None
    print(hashlib.sha256(big).hexdigest(), random.random(), now != seen, line.strip(), flush=True)
    if now != seen:
        seen = now
        random.seed()
`

// Python keeps its imports and its data, and its own generator too, until it
// has seen that it was restored and follows the rule.
func TestRestoredPython(t *testing.T) {
	s := StartShim(t)
	exe := s.addPython(t)
	j := Job{Args: []string{exe, "-c", pythonLoop}, ScratchSize: 64 << 20, Stdin: true}
	dir, from, ready := s.saved(t, j)
	var answers [2][2][]string
	for i := range answers {
		r := s.restored(t, dir, from, j)
		r.Start(t)
		for n := range answers[i] {
			answers[i][n] = strings.Fields(r.Ask(t, "hi"))
		}
		r.Stdin.Close()
		s.closeInput(t, r.Task)
		if code := r.Wait(t); code != 0 {
			t.Errorf("it ended with %d", code)
		}
		r.Delete(t)
	}
	a, b := answers[0], answers[1]
	for _, answer := range []([]string){a[0], a[1], b[0], b[1]} {
		if len(answer) != 4 || answer[0] != ready[1] || answer[3] != "hi" {
			t.Fatalf("answers %q", answers)
		}
	}
	if a[0][1] != b[0][1] { // what docs/snapshots.md warns of
		t.Errorf("python's generator is not part of the snapshot: %s, %s", a[0][1], b[0][1])
	}
	if a[0][2] != "True" || a[1][2] != "False" || a[1][1] == b[1][1] {
		t.Errorf("the rule does not help: %q", answers)
	}
}

// The job of an interpreter that was started ahead can be saved as any other.
func TestSaveInterpreter(t *testing.T) {
	s := StartShim(t)
	exe := s.addPython(t)
	k := s.NewTask(t, Job{Args: []string{exe, "-c", pythonLoop}, ScratchSize: 64 << 20, Stdin: true})
	path := filepath.Join(k.Bundle, "config.json")
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path+".job", data, 0o600))
	var spec map[string]any
	must(t, json.Unmarshal(data, &spec))
	spec["process"].(map[string]any)["args"] = []string{exe}
	a := spec["annotations"].(map[string]any)
	a["dev.glovebox.park"], a["dev.glovebox.interpreter"] = "true", "python3"
	data, err = json.Marshal(spec)
	must(t, err)
	must(t, os.WriteFile(path, data, 0o600))
	_, err = s.Create(context.Background(), &api.CreateTaskRequest{ID: k.ID, Bundle: k.Bundle})
	must(t, err)
	must(t, k.Take())
	k.Start(t)
	h := k.converse()
	ready := strings.Fields(h.Line(t))
	dir := s.SnapshotDir(t)
	must(t, h.Save(dir, false))
	for _, r := range []*Held{h, s.restored(t, dir, k, k.job)} {
		if r != h {
			r.Start(t)
		}
		if got := r.Ask(t, "hi"); !strings.HasPrefix(got, ready[1]) {
			t.Errorf("%s, not %s", got, ready[1])
		}
		r.Kill(t, syscall.SIGKILL)
		r.Wait(t)
		r.Delete(t)
	}
}
