package agent

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sys/unix"

	"glovebox/internal/nodev1"
)

func outputCap(n int64) func(*nodev1.Work) { return limits(func(l *nodev1.Limits) { l.Output = n }) }

// noise is n bytes that are the same for the same seed.
func noise(seed byte, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func TestOutputIsExact(t *testing.T) {
	r := newRig(t)
	r.start()
	want := noise(1, 64<<20)
	id := r.job(func(p *proc) int { _, _ = p.Out.Write(want); return 0 }, outputCap(64<<20))
	s := r.exited(id)
	if s.GetStdout() != 64<<20 || s.GetTruncated() || s.GetExit().GetFault() != nil {
		t.Errorf("told %v", s)
	}
	out, _ := r.shipped(id, 64<<20)
	if sha256.Sum256([]byte(out)) != sha256.Sum256(want) {
		t.Error("output differs")
	}
	r.freed(id)
	r.finished(id)
}

// freed waits until the room of stdout's spool is given back.
func (r *rig) freed(id string) {
	r.t.Helper()
	eventually(r.t, "acknowledged output freed", func() bool {
		var st syscall.Stat_t
		err := syscall.Stat(filepath.Join(r.dir, dirSandboxes, id, "stdout.spool"), &st)
		return err == nil && st.Blocks*512 < 64<<10
	})
}

func TestOutputCap(t *testing.T) {
	mark := "\n[glovebox: output cut at 10000 bytes]\n"
	r := newRig(t)
	r.start()
	id := r.job(func(p *proc) int {
		_, _ = p.Err.WriteString(strings.Repeat("e", 4000))
		time.Sleep(20 * time.Millisecond)
		for {
			if _, err := p.Out.WriteString(strings.Repeat("o", 1000)); err != nil {
				return 137
			}
		}
	}, outputCap(10_000))
	s := r.exited(id)
	if f := s.GetExit().GetFault(); f.GetKind() != "output_limit" || !strings.Contains(f.GetHint(), "10000") || !s.GetTruncated() {
		t.Errorf("told %v", s)
	}
	if s.GetStdout() != 6000+int64(len(mark)) || s.GetStderr() != 4000 {
		t.Errorf("sizes %d %d", s.GetStdout(), s.GetStderr())
	}
	out, errs := r.shipped(id, 10_000+int64(len(mark)))
	if out != strings.Repeat("o", 6000)+mark || errs != strings.Repeat("e", 4000) {
		t.Errorf("output of %d and %d bytes ends with %q", len(out), len(errs), out[max(0, len(out)-60):])
	}
	r.finished(id)
}

func TestOutputOfExactlyTheCap(t *testing.T) {
	r := newRig(t)
	r.start()
	id := r.job(func(p *proc) int { _, _ = p.Out.Write(noise(2, 10_000)); return 0 }, outputCap(10_000))
	if s := r.exited(id); s.GetTruncated() || s.GetExit().GetFault() != nil || s.GetStdout() != 10_000 {
		t.Errorf("told %v", s)
	}
	r.finished(id)
}

// TestCutBeforeRestart lets an agent find a spool that was cut already.
func TestCutBeforeRestart(t *testing.T) {
	r := newRig(t)
	r.node.setFail("signal", func(string) error { return errRanBefore() }) // the command goes on
	r.start()
	more := make(chan struct{})
	id := r.job(func(p *proc) int {
		_, _ = p.Out.WriteString(strings.Repeat("o", 2000))
		<-more
		_, _ = p.Out.WriteString("more")
		_, _ = p.Err.WriteString("more")
		return stay(p)
	}, outputCap(1024))
	mark := "\n[glovebox: output cut at 1024 bytes]\n"
	r.shipped(id, int64(1024+len(mark)))
	r.restart()
	close(more)
	r.node.setFail("signal", nil)
	s := r.exited(id)
	if s.GetExit().GetFault().GetKind() != "output_limit" || !s.GetTruncated() {
		t.Errorf("told %v", s)
	}
	out, _ := r.shipped(id, s.GetStdout()+s.GetStderr())
	if out != strings.Repeat("o", 1024)+mark {
		t.Errorf("output %q", out[1000:])
	}
	r.finished(id)
}

// TestHeldOpen: somebody keeps stdout open after the command has ended.
func TestHeldOpen(t *testing.T) {
	r := newRig(t)
	r.cfg.DrainTime = 100 * time.Millisecond
	r.start()
	var held *os.File
	id := r.job(func(p *proc) int {
		_, _ = p.Out.WriteString("last words")
		fd, _ := unix.Open(p.Spec.Stdio.Stdout, unix.O_WRONLY, 0)
		held = os.NewFile(uintptr(fd), "held")
		return 0
	})
	if s := r.exited(id); s.GetStdout() != 10 {
		t.Errorf("told %v", s)
	}
	held.Close()
	r.finished(id)
}

func TestEightAtOnce(t *testing.T) {
	r := newRig(t)
	r.start()
	var want [8][]byte
	var ids [8]string
	for i := range want {
		want[i] = noise(byte(i), 1<<20+i)
		ids[i] = r.job(func(p *proc) int {
			var both sync.WaitGroup
			both.Go(func() { _, _ = p.Out.Write(want[i]) })
			both.Go(func() { _, _ = p.Err.Write(want[i][:1<<19]) })
			both.Wait()
			return i
		}, outputCap(16<<20))
	}
	for i, id := range ids {
		if s := r.exited(id); int(s.GetExit().GetCode()) != i {
			t.Errorf("%d: told %v", i, s)
		}
		out, errs := r.shipped(id, int64(len(want[i])+1<<19))
		if !bytes.Equal([]byte(out), want[i]) || !bytes.Equal([]byte(errs), want[i][:1<<19]) {
			t.Errorf("%d: output differs", i)
		}
		r.finished(id)
	}
}

// TestControlAway: the command neither notices nor waits.
func TestControlAway(t *testing.T) {
	r := newRig(t)
	r.start()
	var command sync.WaitGroup
	command.Add(1)
	away := make(chan struct{})
	want := noise(3, 8<<20)
	id := r.job(func(p *proc) int {
		defer command.Done()
		_, _ = p.Out.Write(want[:1000])
		<-away
		_, _ = p.Out.Write(want[1000:])
		return 0
	}, outputCap(16<<20))
	r.shipped(id, 1000)
	r.control.close()
	close(away)
	command.Wait()
	os.Remove(r.socket)
	if err := r.control.serve(r.socket); err != nil {
		t.Fatal(err)
	}
	r.exited(id)
	if out, _ := r.shipped(id, int64(len(want))); !bytes.Equal([]byte(out), want) {
		t.Error("output differs")
	}
	r.finished(id)
}

// TestControlStopsReading: a call that is not read costs the command nothing.
func TestControlStopsReading(t *testing.T) {
	r := newRig(t)
	block := make(chan struct{})
	r.control.arrived = func(string, *nodev1.OutputChunk) { r.control.mu.Unlock(); <-block; r.control.mu.Lock() }
	r.start()
	id := r.job(func(p *proc) int { _, _ = p.Out.Write(noise(4, 8<<20)); return 0 }, outputCap(16<<20))
	if s := r.exited(id); s.GetStdout() != 8<<20 {
		t.Errorf("told %v", s)
	}
	close(block)
	r.shipped(id, 8<<20)
	r.finished(id)
}

// TestCallsBreak: every few chunks the call breaks.
func TestCallsBreak(t *testing.T) {
	r := newRig(t)
	n := 0
	r.control.shipErr = func(*nodev1.OutputChunk) error {
		if n++; n%5 == 0 {
			return connect.NewError(connect.CodeUnavailable, errRanBefore())
		}
		return nil
	}
	r.start()
	want := noise(5, 6<<20)
	id := r.job(func(p *proc) int { _, _ = p.Out.Write(want); return 0 }, outputCap(16<<20))
	r.exited(id)
	if out, _ := r.shipped(id, int64(len(want))); !bytes.Equal([]byte(out), want) {
		t.Error("output differs")
	}
	r.finished(id)
}

func TestControlForgets(t *testing.T) {
	want := noise(6, 3<<20)
	for name, have := range map[string]int64{"all": 0, "a part": 1 << 20, "is ahead": 4 << 20} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.start()
			id := r.job(func(p *proc) int { _, _ = p.Out.Write(want); return 0 }, outputCap(16<<20))
			r.exited(id)
			r.shipped(id, int64(len(want)))
			r.stop()
			r.control.forget(id, have)
			r.start()
			r.finished(id) // only after control has it again
			out, _ := r.output(id)
			if rest := want[min(int(have), len(want)):]; !bytes.Equal([]byte(out), rest) {
				t.Errorf("%d bytes came again, not %d", len(out), len(rest))
			}
		})
	}
}

// TestControlForgetsWhatIsFreed: what was acknowledged cannot be had again;
// what there is comes with its true offset, and a refusal ends it when the
// order has vanished.
func TestControlForgetsWhatIsFreed(t *testing.T) {
	r := newRig(t)
	r.cfg.PunchStep = 1 << 20
	r.start()
	more := make(chan struct{})
	id := r.job(func(p *proc) int {
		_, _ = p.Out.Write(noise(7, 3<<20))
		<-more
		_, _ = p.Out.WriteString("tail")
		return 0
	}, outputCap(16<<20))
	r.shipped(id, 3<<20)
	r.freed(id)
	r.stop()
	r.control.forget(id, 0)
	var at int64 = -1
	r.control.arrived = func(_ string, c *nodev1.OutputChunk) { at = c.GetOffset() }
	r.start()
	close(more)
	r.exited(id)
	eventually(t, "shipped with a gap", func() bool {
		r.control.mu.Lock()
		defer r.control.mu.Unlock()
		return at == 3<<20
	})
	r.finished(id)
}
