package agent

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// openTestOutput is an output with its FIFO for stdout, and no agent.
func openTestOutput(t *testing.T, limit int64) (*output, *os.File) {
	t.Helper()
	dir := folder{t.TempDir()}
	if err := dir.makeFIFOs(fifoStdout, fifoStderr); err != nil {
		t.Fatal(err)
	}
	o, err := openOutput(dir, limit, 4<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.abandon)
	w, err := os.OpenFile(dir.file(fifoStdout), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return o, w
}

// TestWithoutSplice: file systems that cannot are served by copying.
func TestWithoutSplice(t *testing.T) {
	o, w := openTestOutput(t, 1<<20)
	o.spools[0].noMove = true
	if err := o.pump(); err != nil {
		t.Fatal(err)
	}
	want := noise(13, 500_000)
	_, _ = w.Write(want)
	w.Close()
	o.finish(10 * time.Second)
	got := make([]byte, len(want))
	if _, err := o.spools[0].f.ReadAt(got, 0); err != nil || !bytes.Equal(got, want) {
		t.Errorf("spool differs (%v)", err)
	}
}

// TestDiskFull: what cannot be kept is thrown away and said to be, and the
// command never waits.
func TestDiskFull(t *testing.T) {
	o, w := openTestOutput(t, 1<<20)
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	o.spools[0].f.Close()
	o.spools[0].f = full
	if err := o.pump(); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(noise(14, 3<<20))
	w.Close()
	<-o.cutOff
	o.finish(10 * time.Second)
	if o.cutKind() != glovebox.KindInternal || o.failure() == nil {
		t.Errorf("kind %s, failure %v", o.cutKind(), o.failure())
	}
}

// TestStdinKilledDuringWrite: whether the command got the bytes cannot be known.
func TestStdinKilledDuringWrite(t *testing.T) {
	r := newRig(t)
	r.start()
	id := r.job(stay, withStdin)
	r.stdin(id, func(in *input) { in.data, in.ended = noise(15, 1<<20), true })
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	r.stop()
	if err := os.WriteFile(filepath.Join(r.dir, dirSandboxes, id, fileStdinAt), []byte{4 | stdinWriting, 0, 0, 0, 0, 0, 0, 0}, 0o600); err != nil {
		t.Fatal(err)
	}
	r.start()
	if f := r.exited(id).GetExit().GetFault(); f.GetKind() != "node_lost" {
		t.Errorf("fault %v", f)
	}
	r.finished(id)
}
