package shimtest

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkRestore measures a job that holds 200 MB of random data: saving it,
// bringing it back from nothing (boot, restore, claim, start) to the first byte
// of its answer, and the claim of one that was restored ahead; with the
// snapshot in the page cache, as a pool's is, and without.
func BenchmarkRestore(b *testing.B) {
	s := StartShim(b)
	s.AddGuest(b)
	job := holder(200)
	h := s.Hold(b, job)
	h.Line(b)
	dir := s.SnapshotDir(b)
	began := time.Now()
	must(b, h.Save(dir, true))
	save := time.Since(began)
	h.Wait(b)
	h.Delete(b)
	for name, before := range map[string]func(testing.TB, string){"cached": nil, "uncached": uncache} {
		b.Run(name, func(b *testing.B) {
			s.benchRestore(b, job, dir, h.Task, before)
			b.ReportMetric(float64(save.Microseconds())/1000, "save-ms")
		})
	}
}

func (s *Shim) benchRestore(b *testing.B, job Job, dir string, from *Task, before func(testing.TB, string)) {
	var park, whole, claim, used Samples
	for b.Loop() {
		if before != nil {
			before(b, dir)
		}
		k := s.NewTask(b, job)
		began := time.Now()
		must(b, k.ParkRestored(dir, from))
		parked := time.Now()
		must(b, k.Take())
		r := k.converse()
		r.Tell(b, "echo hi")
		k.Start(b)
		r.Line(b)
		claim.Add(time.Since(parked))
		whole.Add(time.Since(began))
		park.Add(parked.Sub(began))
		began = time.Now()
		r.Ask(b, "sum") // touches all of it
		used.Add(time.Since(began))
		k.Kill(b, syscall.SIGKILL)
		k.Wait(b)
		k.Delete(b)
	}
	park.Report(b, "park")
	whole.Report(b, "restore-first")
	claim.Report(b, "claim-first")
	used.Report(b, "read-all")
}

// uncache has the kernel forget what it has of the files in a folder.
func uncache(t testing.TB, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.img"))
	must(t, err)
	for _, path := range files {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		must(t, err)
		must(t, unix.Fsync(fd))
		must(t, unix.Fadvise(fd, 0, 0, unix.FADV_DONTNEED))
		unix.Close(fd)
	}
}
