package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

func TestBusy(t *testing.T) {
	d, err := busy("cpu  100 20 30 40000 5000 6 7 8 900 1000\ncpu0 1 2 3\n")
	if err != nil || d != (100+20+30+6+7+8)*10*time.Millisecond {
		t.Errorf("%s, %v", d, err)
	}
	for _, bad := range []string{"", "cpu 1 2", "intr 1 2 3 4 5 6 7 8 9", "cpu a b c d e f g h"} {
		if _, err := busy(bad); err == nil {
			t.Errorf("%q has a busy time", bad)
		}
	}
	before := Busy()
	for began := time.Now(); time.Since(began) < 60*time.Millisecond; {
		continue
	}
	if Busy() <= before {
		t.Error("the machine was not busy with this test")
	}
}

func TestField(t *testing.T) {
	if n, err := field("MemFree: 1 kB\nMemAvailable:   2 kB\n", "MemAvailable:"); n != 2048 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := field("Pss_Dirty: 1 kB\n", "Pss:"); err == nil {
		t.Error("another field was taken")
	}
	if n, err := PSS(os.Getpid()); n < 100<<10 || err != nil {
		t.Errorf("this test has %d bytes, %v", n, err)
	}
}

func TestFamily(t *testing.T) {
	child := sleeper(t, t.TempDir())
	defer child.Wait()
	defer child.Process.Kill()
	all := Family([]int{os.Getpid()})
	if !slices.Contains(all, child.Process.Pid) || !slices.Contains(all, os.Getpid()) || slices.Contains(all, 1) {
		t.Errorf("%v", all)
	}
	before := CPU(all)
	began := time.Now()
	for CPU(all)-before < 20*time.Millisecond { // reading it is work, too
		if time.Since(began) > 20*time.Second {
			t.Fatalf("work does not count: %s", CPU(all)-before)
		}
	}
	if used := CPU(all) - before; used > time.Duration(runtime.NumCPU())*time.Since(began) {
		t.Errorf("%s of work in %s", used, time.Since(began))
	}
	if Memory(all) < Memory([]int{child.Process.Pid}) || Memory([]int{child.Process.Pid}) < 50<<10 {
		t.Errorf("%d and %d bytes", Memory(all), Memory([]int{child.Process.Pid}))
	}
}

// TestSweep: a process that names the folder is ended, the folder is gone, and
// nothing else is touched.
func TestSweep(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "gbsweep")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	other := t.TempDir()
	stays, goes := sleeper(t, other), sleeper(t, dir)
	if err := Sweep(dir, filepath.Base(dir)); err != nil {
		t.Error(err)
	}
	if err := goes.Wait(); err == nil {
		t.Error("the process was not ended")
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder is there")
	}
	if len(Processes(other)) != 1 {
		t.Error("another process was ended")
	}
	_ = stays.Process.Kill()
	_ = stays.Wait()
	if err := Sweep("/", "x"); err == nil {
		t.Error("everything was swept")
	}
}

func sleeper(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sh", "-c", "read line", dir)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}
