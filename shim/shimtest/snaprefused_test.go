package shimtest

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A snapshot that is not what was written, or not for here, is refused and
// nothing is left; the same one unspoilt is good.
func TestBadSnapshots(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	good, from, _ := s.saved(t, holder(10))
	flip := func(name string) func(dir string) error {
		return func(dir string) error {
			path := filepath.Join(dir, name)
			data, err := os.ReadFile(path)
			if err == nil {
				data[len(data)/2] ^= 4
				err = os.WriteFile(path, data, 0o600)
			}
			return err
		}
	}
	for name, c := range map[string]struct {
		spoil func(dir string) error
		job   func(*Job)
		code  codes.Code
		says  string
	}{
		"state":       {flip("checkpoint.img"), nil, codes.DataLoss, "checkpoint.img"},
		"pages":       {flip("pages.img"), nil, codes.DataLoss, "pages.img"},
		"pages' list": {flip("pages_meta.img"), nil, codes.DataLoss, "pages_meta.img"},
		"description": {flip("snapshot.json"), nil, codes.DataLoss, "snapshot.json"},
		"truncated": {func(dir string) error { return os.Truncate(filepath.Join(dir, "pages.img"), 4096) }, nil,
			codes.DataLoss, "pages.img"},
		"incomplete": {func(dir string) error { return os.Remove(filepath.Join(dir, "snapshot.json")) }, nil,
			codes.InvalidArgument, "not a snapshot"},
		"another version": {reword(`"gvisor":"v0`, `"gvisor":"v1`), nil, codes.FailedPrecondition, "take it anew"},
		"another image":   {reword(`"image":"job`, `"image":"x`), nil, codes.InvalidArgument, "dev.glovebox.rootfs"},
		"another layer":   {nil, func(j *Job) { j.ScratchSize /= 2 }, codes.InvalidArgument, "dev.glovebox.scratch"},
		"another user":    {nil, func(j *Job) { j.UID = 7 }, codes.InvalidArgument, "process.user"},
		"another mount": {nil, func(j *Job) {
			j.Mounts = []map[string]any{{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs"}}
		}, codes.InvalidArgument, "mounts"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(s.SnapshotDir(t), "copy")
			must(t, os.CopyFS(dir, os.DirFS(good)))
			if c.spoil != nil {
				must(t, c.spoil(dir))
			}
			j := holder(10)
			if c.job != nil {
				c.job(&j)
			}
			err := s.NewTask(t, j).ParkRestored(dir, from)
			if status.Code(err) != c.code || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
			t.Log(err)
			if left := s.Residue(); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	dir := filepath.Join(s.SnapshotDir(t), "copy")
	must(t, os.CopyFS(dir, os.DirFS(good)))
	r := s.restored(t, dir, from, holder(10))
	r.Start(t)
	r.finished(t)
}

// reword changes a snapshot's description, and its checksum with it.
func reword(from, to string) func(dir string) error {
	return func(dir string) error {
		path := filepath.Join(dir, "snapshot.json")
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, reseal(strings.Replace(string(data), from, to, 1)), 0o600)
	}
}

// A claim that does not fit what was restored is refused with the field's name.
func TestClaimsThatDoNotFit(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	dir, from, _ := s.saved(t, holder(50))
	for name, c := range map[string]struct {
		change func(*Job)
		says   string
	}{
		"less memory": {func(j *Job) { j.Memory = 40 << 20 }, "linux.resources.memory.limit"},
		"fewer tasks": {func(j *Job) { j.Tasks = 2 }, "linux.resources.pids.limit"},
		"privileges":  {func(*Job) {}, "process.noNewPrivileges"},
	} {
		t.Run(name, func(t *testing.T) {
			j := holder(50)
			c.change(&j)
			k := s.NewTask(t, j)
			must(t, k.ParkRestored(dir, from))
			if name == "privileges" {
				path := filepath.Join(k.Bundle, "config.json.job")
				data, err := os.ReadFile(path)
				must(t, err)
				text := strings.Replace(string(data), `"noNewPrivileges":true`, `"noNewPrivileges":false`, 1)
				must(t, os.WriteFile(path, []byte(text), 0o600))
			}
			if err := k.Take(); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
			if code := k.Wait(t); code != 137 {
				t.Errorf("it ended with %d", code)
			}
			k.Delete(t)
		})
	}
}

// What cannot be saved is refused, and the job goes on.
func TestSaveRefused(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	h := s.Hold(t, holder(30))
	ready := strings.Fields(h.Line(t))
	full := s.SnapshotDir(t)
	must(t, os.WriteFile(filepath.Join(full, "x"), nil, 0o600))
	small := s.SnapshotDir(t)
	must(t, syscall.Mount("tmpfs", small, "tmpfs", 0, "size=8m"))
	defer func() { must(t, syscall.Unmount(small, syscall.MNT_DETACH)) }()
	for dir, code := range map[string]codes.Code{
		"snap": codes.InvalidArgument, filepath.Join(s.Dir, "none"): codes.InvalidArgument,
		full: codes.InvalidArgument, small: codes.ResourceExhausted,
	} {
		for _, end := range []bool{false, true} {
			if err := h.Save(dir, end); status.Code(err) != code {
				t.Errorf("%s: %v", dir, err)
			}
			if got := h.Ask(t, "sum"); got != ready[2] {
				t.Errorf("after that it has %q", got)
			}
		}
	}
	if left, err := os.ReadDir(small); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
	good := s.SnapshotDir(t)
	must(t, h.Save(good, false)) // control
	h.finished(t)
	k := s.NewTask(t, holder(1))
	must(t, k.ParkRestored(good, h.Task))
	if err := k.Save(s.SnapshotDir(t), false); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("a parked one: %v", err)
	}
	k.Delete(t)
}

// One that was parked and is not wanted goes without a trace.
func TestDeleteParkedSnapshot(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	dir, from, _ := s.saved(t, holder(10))
	for range 3 {
		k := s.NewTask(t, holder(10))
		must(t, k.ParkRestored(dir, from))
		k.Delete(t)
		if left := s.Residue(); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}
