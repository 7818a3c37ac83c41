package agent

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"glovebox/internal/nodev1"
)

// BenchmarkOutput is one command writing 1 GiB to stdout as fast as it can:
// pipe → spool → HTTP/2 over a unix socket → control, which counts. Command
// and control are in this process, so that their work and memory count too.
func BenchmarkOutput(b *testing.B) {
	const size = 1 << 30
	r := newRig(b)
	r.control.discard = true
	r.start()
	chunk := noise(1, 1<<20)
	b.SetBytes(size)
	before := resident(b)
	peak := before
	for b.Loop() {
		id := r.job(func(p *proc) int {
			for range size / len(chunk) {
				if _, err := p.Out.Write(chunk); err != nil {
					return 1
				}
			}
			return 0
		}, outputCap(2<<30))
		eventuallyIn(b, time.Minute, func() bool {
			peak = max(peak, resident(b))
			return r.control.acked(id).GetStdout() >= size
		})
		r.exited(id)
		r.finished(id)
	}
	b.ReportMetric(float64(peak-before)/(1<<20), "MiB-grown")
}

// BenchmarkFirstByte is the time from a write of the command to its arrival in
// control's handler.
func BenchmarkFirstByte(b *testing.B) {
	r := newRig(b)
	arrived := make(chan struct{}, 1)
	r.control.arrived = func(string, *nodev1.OutputChunk) { arrived <- struct{}{} }
	r.start()
	next := make(chan struct{})
	id := r.job(func(p *proc) int {
		for range next {
			_, _ = p.Out.WriteString("x")
		}
		return 0
	})
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	for b.Loop() {
		next <- struct{}{}
		<-arrived
	}
	close(next)
	r.exited(id)
}

// BenchmarkJob is a whole life on an agent at rest: ordered, run, told, dropped, gone.
func BenchmarkJob(b *testing.B) {
	r := newRig(b)
	r.start()
	r.called()
	var told time.Duration
	for b.Loop() {
		began := time.Now()
		id := r.job(hello)
		r.exited(id)
		told += time.Since(began)
		r.finished(id)
	}
	b.ReportMetric(float64(told.Microseconds())/float64(b.N), "µs-to-exit")
}

// resident is the memory of this process in bytes.
func resident(tb testing.TB) int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		tb.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return n * int64(os.Getpagesize())
}

func eventuallyIn(tb testing.TB, d time.Duration, cond func() bool) {
	tb.Helper()
	for end := time.Now().Add(d); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatal("not in time")
		}
	}
}
