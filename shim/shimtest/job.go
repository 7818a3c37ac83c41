package shimtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Job describes one task. Zero values mean no limit and nothing special.
type Job struct {
	Args        []string
	Memory      int64
	Tasks       int64
	CPUQuota    int64 // microseconds of each 100 ms
	UID         int
	Cwd         string
	Terminal    bool
	Stdin       bool   // a pipe, to be written through Task.Stdin
	ScratchSize int64  // a scratch layer of that size, if not zero
	Inodes      int64  // cap on its inodes
	NetNS       string // path of a network namespace
	Mounts      []map[string]any
	Annotations map[string]string
	Files       []File // with the claim, or between Create and Start
	Parked      bool   // run in a sandbox that was parked before
}

// config is the job's OCI specification. It is written as plain JSON, because
// modules that use this package disagree on the version of the Go types.
func (s *Shim) config(t testing.TB, id string, j Job) []byte {
	cwd := "/"
	if j.Cwd != "" {
		cwd = j.Cwd
	}
	mounts := append([]map[string]any{{"destination": "/proc", "type": "proc", "source": "proc"}}, j.Mounts...)
	data, err := json.Marshal(map[string]any{
		"ociVersion": "1.2.0",
		"process": map[string]any{
			"args": j.Args, "cwd": cwd, "env": []string{"PATH=/bin"},
			"user":            map[string]any{"uid": j.UID, "gid": j.UID},
			"noNewPrivileges": true,
			"capabilities":    map[string]any{},
			"terminal":        j.Terminal,
		},
		"root":        map[string]any{"path": s.Rootfs, "readonly": j.ScratchSize == 0},
		"hostname":    "sandbox",
		"mounts":      mounts,
		"annotations": s.annotations(t, id, j),
		"linux": map[string]any{
			"cgroupsPath": filepath.Join(s.cgroup, id),
			"resources":   j.resources(),
			"namespaces":  []map[string]any{{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, s.network(j)},
		},
	})
	must(t, err)
	return data
}

func (s *Shim) network(j Job) map[string]any {
	netns := map[string]any{"type": "network"}
	if j.NetNS != "" {
		netns["path"] = j.NetNS
	}
	return netns
}

func (j Job) resources() map[string]any {
	resources := map[string]any{}
	if j.Memory > 0 {
		resources["memory"] = map[string]any{"limit": j.Memory}
	}
	if j.Tasks > 0 {
		resources["pids"] = map[string]any{"limit": j.Tasks}
	}
	if j.CPUQuota > 0 {
		resources["cpu"] = map[string]any{"quota": j.CPUQuota, "period": 100_000}
	}
	return resources
}

func (s *Shim) annotations(t testing.TB, id string, j Job) map[string]string {
	a := map[string]string{"dev.glovebox.report": s.reportPath(id), "dev.glovebox.rootfs": s.Image(t, id)}
	if j.ScratchSize > 0 {
		dir := filepath.Join(s.Dir, "scratch")
		must(t, os.MkdirAll(dir, 0o700))
		a["dev.glovebox.scratch"] = fmt.Sprintf("dir=%s,size=%d", dir, j.ScratchSize)
		if j.Inodes > 0 {
			a["dev.glovebox.scratch"] += fmt.Sprintf(",inodes=%d", j.Inodes)
		}
	}
	if len(j.Files) > 0 {
		a["dev.glovebox.files"] = "true"
	}
	maps.Copy(a, j.Annotations)
	return a
}

// Image is the root file system as it is now, in the form gVisor mounts.
func (s *Shim) Image(t testing.TB, id string) string {
	path := filepath.Join(s.Dir, "images", id+".erofs")
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	out, err := exec.Command("mkfs.erofs", "-Enoinline_data", path, s.Rootfs).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s; hint: apt-get install erofs-utils", err, out)
	}
	return path
}

func (s *Shim) reportPath(id string) string { return filepath.Join(s.Dir, "report-"+id+".json") }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
