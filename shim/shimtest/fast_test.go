package shimtest

import (
	"sync"
	"testing"
)

// A job that is over before anybody looks must still report its status: this
// is where gVisor's own shim answers 128.
func TestFastJobs(t *testing.T) {
	s := StartShim(t)
	n := 200
	if testing.Short() {
		n = 20
	}
	for i := range n {
		want := uint32(i % 3 * 7)
		script := []string{"echo hi", "echo hi; exit 7", "echo hi; exit 14"}[i%3]
		status, stdout, _ := s.Run(t, Job{Args: []string{"/bin/sh", "-c", script}})
		if status != want || stdout != "hi\n" {
			t.Fatalf("run %d: status %d, output %q; want %d", i, status, stdout, want)
		}
	}
}

func TestParallelJobs(t *testing.T) {
	s := StartShim(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 3 {
				status, stdout, _ := s.Run(t, Job{Args: []string{"/bin/sh", "-c", "echo hi; exit 3"}, Memory: 256 << 20, Tasks: 64})
				if status != 3 || stdout != "hi\n" {
					t.Errorf("status %d, output %q", status, stdout)
				}
			}
		})
	}
	wg.Wait()
}
