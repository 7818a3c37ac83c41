package agent

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// spoolEnv makes the test binary a process that does nothing but spool.
const spoolEnv = "GLOVEBOX_TEST_SPOOL"

func spoolForEver(dir string) {
	out, err := openOutput(folder{dir}, 1<<30, 1<<20)
	if err == nil {
		err = out.pump()
	}
	if err != nil {
		panic(err)
	}
	select {}
}

// TestKillNine kills the spooling process again and again, for real, while a
// command writes. Every byte must be in the spool, once and in order.
func TestKillNine(t *testing.T) {
	dir := folder{t.TempDir()}
	if err := dir.makeFIFOs(fifoStdout, fifoStderr); err != nil {
		t.Fatal(err)
	}
	fifo, err := os.OpenFile(dir.file(fifoStdout), os.O_RDWR, 0) // as a runtime holds it
	if err != nil {
		t.Fatal(err)
	}
	defer fifo.Close()
	want := noise(12, 48<<20)
	written := make(chan error, 1)
	go func() {
		_, err := fifo.Write(want)
		written <- err
	}()
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir.path, "stdout.spool"))
		if err != nil {
			return 0
		}
		return info.Size()
	}
	kills := 0
	for size() < int64(len(want)) {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), spoolEnv+"="+dir.path)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		for before := size(); size() == before; {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(kills%4) * time.Millisecond)
		_ = child.Process.Kill()
		_ = child.Wait()
		kills++
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(dir.file("stdout.spool"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d, equal: %v (%v)", len(got), len(want), bytes.Equal(got, want), err)
	}
	t.Logf("killed %d times", kills)
}
