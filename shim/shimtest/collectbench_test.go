package shimtest

import (
	"fmt"
	"io"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
)

// BenchmarkCollect measures how fast what a job has left comes out: one large
// file, and many small ones.
func BenchmarkCollect(b *testing.B) {
	s := StartShim(b)
	for name, script := range map[string]string{
		"large": "dd if=/dev/urandom of=a bs=1M count=16; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do cat a; done >b",
		"small": "i=0; while [ $i -lt 5000 ]; do echo $i >f$i; i=$((i+1)); done",
	} {
		b.Run(name, func(b *testing.B) {
			k := s.NewTask(b, Job{Args: []string{"/bin/sh", "-c", "cd /out; " + script}, ScratchSize: 512 << 20, Inodes: 10_000, Memory: 1 << 30})
			k.Create(b)
			k.Start(b)
			k.Wait(b)
			for b.Loop() {
				pipe, err := k.Collect(b.Context())
				must(b, err)
				n, err := io.Copy(io.Discard, pipe)
				must(b, err)
				pipe.Close()
				b.SetBytes(n)
			}
			k.Delete(b)
		})
	}
}

// BenchmarkOut measures what a job costs that leaves nothing, and one that
// leaves one small file: from the claim of a parked sandbox to the first byte,
// from there until its end is known, and what is added by fetching the file.
func BenchmarkOut(b *testing.B) {
	s := StartShim(b)
	for name, script := range map[string]string{"nothing": "echo hi", "a file": "echo hi; echo x >/out/x"} {
		b.Run(name, func(b *testing.B) {
			var first, exit, fetch Samples
			for b.Loop() {
				k := s.NewTask(b, Job{Args: []string{"/bin/sh", "-c", script}, ScratchSize: 32 << 20, Memory: 300 << 20})
				must(b, k.Park(b.Context()))
				var err error
				k.Stdout, err = openOutput(k.Pipe("stdout"))
				must(b, err)
				began := time.Now()
				must(b, k.Claim(b.Context(), &api.CreateTaskRequest{Stdout: k.Pipe("stdout")}))
				go k.Stdout.collect()
				k.Start(b)
				k.Wait(b)
				ended := time.Now()
				<-k.Stdout.First
				first.Add(k.Stdout.FirstAt.Sub(began))
				exit.Add(ended.Sub(k.Stdout.FirstAt))
				if name != "nothing" {
					if l := k.Left(b); fmt.Sprint(l.Files) != "map[x:x\n]" {
						b.Errorf("%+v", l)
					}
					fetch.Add(time.Since(ended))
				}
				k.Delete(b)
			}
			first.Report(b, "first")
			exit.Report(b, "exit")
			b.ReportMetric(float64(first.Quantile(0).Microseconds())/1000, "first-least-ms")
			b.ReportMetric(float64(exit.Quantile(0).Microseconds())/1000, "exit-least-ms")
			if name != "nothing" {
				fetch.Report(b, "fetch")
			}
		})
	}
}
