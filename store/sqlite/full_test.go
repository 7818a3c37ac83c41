package sqlite

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"glovebox"
)

// smallDisk names the folder where a child of this test binary, in a mount
// namespace of its own, mounts a disk of two megabytes.
const smallDisk = "GLOVEBOX_TEST_SMALL_DISK"

// TestDiskFull: nothing is half there, what was there stays, and writing goes
// on when there is room again.
func TestDiskFull(t *testing.T) {
	if dir := os.Getenv(smallDisk); dir != "" {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
			t.Skip(err)
		}
		fillDisk(t, dir)
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestDiskFull$", "-test.v")
	child.Env = append(os.Environ(), smallDisk+"="+t.TempDir())
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := child.CombinedOutput()
	if _, ran := err.(*exec.ExitError); err != nil && !ran {
		t.Skip("needs user namespaces: ", err)
	}
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

func fillDisk(t *testing.T, dir string) {
	path, ballast := filepath.Join(dir, "glovebox.db"), filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openTest(t, path)
	var there []string
	var err error
	for n := 0; err == nil && n < 10_000; n++ {
		job := newJob(fmt.Sprint("job-", n))
		job.Spec.Stdin = make([]byte, 10_000)
		if _, _, err = s.CreateJob(ctx, job, nil); err == nil {
			there = append(there, job.ID)
		}
	}
	wantUnavailable(t, err, "disk is full")
	update := newJob(there[0])
	update.Version, update.Spec.Stdin = 1, make([]byte, 100_000)
	for _, d := range []glovebox.Durability{glovebox.Durable, glovebox.Lazy} {
		_, err := s.UpdateJob(ctx, update, d)
		wantUnavailable(t, err, "disk is full")
	}
	checkThere(t, s, there)

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if _, err := s.UpdateJob(ctx, update, glovebox.Durable); err != nil {
		t.Errorf("with room again: %v", err)
	}
	mustCreate(t, s, "late")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkThere(t, openTest(t, path), append(there, "late"))
	t.Logf("full after %d jobs", len(there))
}

func checkThere(t *testing.T, s *Store, ids []string) {
	t.Helper()
	page, err := s.ListJobs(ctx, glovebox.JobFilter{Tenant: "alice", Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Jobs) != len(ids) {
		t.Errorf("%d jobs, want %d", len(page.Jobs), len(ids))
	}
	for _, id := range ids {
		if !has(t, s, id) {
			t.Errorf("%s is gone", id)
		}
	}
}
