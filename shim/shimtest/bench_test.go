package shimtest

import (
	"testing"
	"time"
)

// BenchmarkFirstByte measures from asking for a sandbox to the first byte of
// its job's output, for the shim and for a bare "runsc run" of the same bundle,
// turn and turn about so that both see the same machine.
func BenchmarkFirstByte(b *testing.B) {
	s := StartShim(b)
	var create, start, shimFirst, shimWhole, bareFirst, bareWhole Samples
	for b.Loop() {
		k := s.NewTask(b, BenchJob)
		began := time.Now()
		k.Create(b)
		created := time.Now()
		k.Start(b)
		k.Wait(b)
		k.Stdout.Bytes()
		k.Delete(b)
		shimWhole.Add(time.Since(began))
		create.Add(created.Sub(began))
		start.Add(k.Stdout.FirstAt.Sub(created))
		shimFirst.Add(k.Stdout.FirstAt.Sub(began))

		first, whole := s.MeasureBare(b)
		bareFirst.Add(first)
		bareWhole.Add(whole)
	}
	create.Report(b, "create")
	start.Report(b, "start")
	shimFirst.Report(b, "shim-first")
	shimWhole.Report(b, "shim-whole")
	bareFirst.Report(b, "bare-first")
	bareWhole.Report(b, "bare-whole")
	b.ReportMetric(float64(shimFirst.Quantile(0.5))/float64(bareFirst.Quantile(0.5)), "ratio")
}
