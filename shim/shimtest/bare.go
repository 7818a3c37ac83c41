package shimtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// BenchJob is the job all measurements run.
var BenchJob = Job{Args: []string{"/bin/echo", "hi"}, Memory: 512 << 20, Tasks: 256, CPUQuota: 100_000, ScratchSize: 1 << 30}

// MeasureBare runs a bare "runsc run" of the bundle a shim would get, and
// returns the time to the first byte of output and to the end of everything.
func (s *Shim) MeasureBare(b testing.TB) (first, whole time.Duration) {
	k := s.NewTask(b, BenchJob)
	out, err := openOutput(k.Pipe("stdout"))
	must(b, err)
	w, err := os.OpenFile(k.Pipe("stdout"), os.O_WRONLY, 0)
	must(b, err)
	began := time.Now()
	cmd := exec.Command(s.Program("runsc"), "--root", filepath.Join(s.Dir, "bare"), "--network=none", "run", "--bundle", k.Bundle, k.ID)
	cmd.Stdout = w
	must(b, cmd.Start())
	w.Close()
	go out.collect()
	must(b, cmd.Wait())
	out.Bytes()
	return out.FirstAt.Sub(began), time.Since(began)
}
