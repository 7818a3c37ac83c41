package shimtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
)

func (s *Shim) closeInput(t *testing.T, k *Task) {
	t.Helper()
	_, err := s.CloseIO(context.Background(), &api.CloseIORequest{ID: k.ID, Stdin: true})
	must(t, err)
}

func TestInput(t *testing.T) {
	s := StartShim(t)
	for _, order := range []string{"close first", "CloseIO first"} {
		k := s.NewTask(t, Job{Args: []string{"/bin/cat"}, Stdin: true})
		k.Create(t)
		k.Start(t)
		_, err := k.Stdin.WriteString("some input")
		must(t, err)
		if order == "close first" {
			k.Stdin.Close()
			time.Sleep(50 * time.Millisecond)
			if st := s.state(t, k); st.ExitStatus != 0 || st.ExitedAt != nil {
				t.Errorf("the job ended before CloseIO: %v", st)
			}
			s.closeInput(t, k)
		} else {
			s.closeInput(t, k)
			k.Stdin.Close()
		}
		if status := k.Wait(t); status != 0 || k.Stdout.String() != "some input" {
			t.Errorf("%s: status %d, output %q", order, status, k.Stdout.String())
		}
		k.Delete(t)
	}
}

func TestNoInput(t *testing.T) {
	s := StartShim(t)
	if status, stdout, _ := s.Run(t, Job{Args: []string{"/bin/cat"}}); status != 0 || stdout != "" {
		t.Errorf("without a pipe: status %d, output %q", status, stdout)
	}
	status, _, _ := s.Run(t, Job{Args: []string{"/bin/cat"}, Stdin: true, Annotations: map[string]string{"dev.glovebox.stdin": "none"}})
	if status != 0 {
		t.Errorf("with the annotation: status %d", status)
	}
}

// Output goes past the shim, byte for byte.
func TestLargeOutput(t *testing.T) {
	s := StartShim(t)
	const size = 64 << 20
	k := s.NewTask(t, Job{
		Args:  []string{"/bin/sh", "-c", fmt.Sprintf("dd if=/dev/zero bs=64k count=%d 2>/dev/null; echo end >&2; cat", size/(64<<10))},
		Stdin: true,
	})
	k.Create(t)
	before := shimIO(t, s)
	k.Start(t)
	<-k.Stderr.First
	// While the job still lives: later its own traffic is added to its parent's.
	if n := shimIO(t, s) - before; n > 1<<20 {
		t.Errorf("the shim moved %d bytes", n)
	}
	k.Stdin.Close()
	s.closeInput(t, k)
	k.Wait(t)
	if out := k.Stdout.Bytes(); len(out) != size || sha256.Sum256(out) != sha256.Sum256(make([]byte, size)) {
		t.Errorf("%d bytes arrived, or the wrong ones", len(out))
	}
	k.Delete(t)
}

// shimIO is how much the shim has read and written.
func shimIO(t *testing.T, s *Shim) (n int64) {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", s.PID()))
	must(t, err)
	for line := range strings.Lines(string(data)) {
		var v int64
		if _, err := fmt.Sscanf(line, "rchar: %d", &v); err == nil {
			n += v
		}
		if _, err := fmt.Sscanf(line, "wchar: %d", &v); err == nil {
			n += v
		}
	}
	return n
}

// The agent may go away and come back while a job writes, and even after it
// has ended: no broken pipe, nothing lost.
func TestReaderRestarts(t *testing.T) {
	s := StartShim(t)
	k := s.NewTask(t, Job{Args: []string{"/bin/sh", "-c", "echo one; sleep 0.3; echo two; echo err >&2"}})
	ctx := context.Background()
	_, err := s.TTRPCTaskService.Create(ctx, &api.CreateTaskRequest{ID: k.ID, Bundle: k.Bundle, Stdout: k.Pipe("stdout"), Stderr: k.Pipe("stderr")})
	must(t, err)
	first, err := os.OpenFile(k.Pipe("stdout"), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	must(t, err)
	k.Start(t)
	buf := make([]byte, 100)
	n, err := first.Read(buf)
	must(t, err)
	first.Close()
	if status := k.Wait(t); status != 0 {
		t.Errorf("status %d", status)
	}
	second, err := os.OpenFile(k.Pipe("stdout"), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	must(t, err)
	defer second.Close()
	rest := new(bytes.Buffer)
	_, err = rest.ReadFrom(second)
	must(t, err)
	if got := string(buf[:n]) + rest.String(); got != "one\ntwo\n" {
		t.Errorf("output %q", got)
	}
	k.Delete(t)
}
