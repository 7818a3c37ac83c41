package sandbox

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func TestNobodyWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pages.img")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := nobodyWrites(path); err == nil {
		t.Error("a file that is open for writing passes")
	}
	f.Close()
	if err := nobodyWrites(path); err != nil {
		t.Error(err)
	}
	if f, err = os.OpenFile(path, os.O_WRONLY, 0); err != nil { // no lease was left
		t.Fatal(err)
	}
	f.Close()
}

func TestReadSnapshot(t *testing.T) {
	dir := t.TempDir()
	gvisor, _ := versions()
	n := Snapshot{Format: snapshotFormat, GVisor: gvisor, Spec: &specs.Spec{}, Files: map[string]SnapshotPart{}}
	for _, name := range stateFiles {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		n.Files[name], _ = measure(path)
	}
	if _, err := ReadSnapshot(dir); !errdefs.IsInvalidArgument(err) {
		t.Errorf("without a description: %v", err)
	}
	if err := n.write(dir); err != nil {
		t.Fatal(err)
	}
	got, err := ReadSnapshot(dir)
	if err != nil || got.verify(dir) != nil {
		t.Fatalf("%v, %v", err, got.verify(dir))
	}
	if err := os.WriteFile(filepath.Join(dir, stateFiles[0]), []byte("Checkpoint.img"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := got.verify(dir); !errdefs.IsDataLoss(err) {
		t.Errorf("one letter changed: %v", err)
	}
	n.Format++
	if err := n.write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSnapshot(dir); !errdefs.IsFailedPrecondition(err) {
		t.Errorf("another format: %v", err)
	}
	if _, err := ReadSnapshot("relative"); !errdefs.IsInvalidArgument(err) {
		t.Errorf("a relative path: %v", err)
	}
	if err := removeSnapshot(dir); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestDiffers(t *testing.T) {
	spec := func() *specs.Spec {
		return &specs.Spec{
			Process: &specs.Process{Args: []string{"a"}, Capabilities: &specs.LinuxCapabilities{}},
			Root:    &specs.Root{Path: "/x"}, Linux: &specs.Linux{CgroupsPath: "/c"},
			Mounts: []specs.Mount{{Destination: "/proc", Type: "proc", Source: "proc"}},
		}
	}
	for want, change := range map[string]func(*specs.Spec){
		"": func(s *specs.Spec) {
			s.Process.Args, s.Process.Env, s.Process.Cwd, s.Hostname = []string{"b"}, []string{"A=b"}, "/", "h"
			s.Root.Path, s.Linux.CgroupsPath, s.Linux.Resources = "/y", "/d", &specs.LinuxResources{}
			s.Mounts = append(s.Mounts, specs.Mount{Destination: tmpPath, Type: noMount})
		},
		"root.readonly":           func(s *specs.Spec) { s.Root.Readonly = true },
		"process.user":            func(s *specs.Spec) { s.Process.User.AdditionalGids = []uint32{7} },
		"process.capabilities":    func(s *specs.Spec) { s.Process.Capabilities.Bounding = []string{"CAP_KILL"} },
		"process.noNewPrivileges": func(s *specs.Spec) { s.Process.NoNewPrivileges = true },
		"mounts":                  func(s *specs.Spec) { s.Mounts[0].Options = []string{"ro"} },
		"linux.sysctl":            func(s *specs.Spec) { s.Linux.Sysctl = map[string]string{"a": "b"} },
	} {
		changed := spec()
		change(changed)
		if got := differs(spec(), changed); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
