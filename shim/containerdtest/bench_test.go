package containerdtest

import (
	"testing"
	"time"

	"glovebox/shim/shimtest"
)

// firstWrite is a writer that notes when it was first used.
type firstWrite struct{ at time.Time }

func (w *firstWrite) Write(p []byte) (int, error) {
	if w.at.IsZero() {
		w.at = time.Now()
	}
	return len(p), nil
}

// BenchmarkFirstByte is the shim's, with containerd and its client between.
func BenchmarkFirstByte(b *testing.B) {
	c := StartContainerd(b)
	var container, create, start, first, whole, bareFirst, bareWhole shimtest.Samples
	for b.Loop() {
		began := time.Now()
		j := c.newJob(b, "/bin/echo", "hi")
		made := time.Now()
		var out firstWrite
		c.newTaskTo(b, j, &out)
		created := time.Now()
		exited := c.wait(b, j)
		if err := j.task.Start(c.Ctx); err != nil {
			b.Fatal(err)
		}
		c.finish(b, j, exited)
		whole.Add(time.Since(began))
		container.Add(made.Sub(began))
		create.Add(created.Sub(made))
		start.Add(out.at.Sub(created))
		first.Add(out.at.Sub(began))

		f, w := c.Shim.MeasureBare(b)
		bareFirst.Add(f)
		bareWhole.Add(w)
	}
	container.Report(b, "container")
	create.Report(b, "create")
	start.Report(b, "start")
	first.Report(b, "first")
	whole.Report(b, "whole")
	bareFirst.Report(b, "bare-first")
	bareWhole.Report(b, "bare-whole")
	b.ReportMetric(float64(first.Quantile(0.5))/float64(bareFirst.Quantile(0.5)), "ratio")
}
