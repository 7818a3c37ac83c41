package shimtest

import (
	"slices"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
)

// BenchmarkFiles measures what files add to a job's start, from the claim of
// a parked sandbox to the first byte of output.
func BenchmarkFiles(b *testing.B) {
	s := StartShim(b)
	small := []File{someFiles()[0], someFiles()[2]}
	for _, c := range []struct {
		name  string
		files []File
	}{{"none", nil}, {"two small", small}, {"four of 100 kB", someFiles()}} {
		b.Run(c.name, func(b *testing.B) {
			var all []time.Duration
			for range b.N {
				k := s.NewTask(b, Job{Args: []string{"/bin/echo", "hi"}, ScratchSize: 32 << 20, Files: c.files})
				must(b, k.Park(b.Context()))
				var err error
				k.Stdout, err = openOutput(k.Pipe("stdout"))
				must(b, err)
				began := time.Now()
				must(b, k.Claim(b.Context(), &api.CreateTaskRequest{Stdout: k.Pipe("stdout")}))
				go k.Stdout.collect()
				k.Start(b)
				<-k.Stdout.First
				all = append(all, k.Stdout.FirstAt.Sub(began))
				k.Wait(b)
				k.Delete(b)
			}
			slices.Sort(all)
			b.ReportMetric(all[len(all)/2].Seconds()*1000, "ms/median")
			b.ReportMetric(all[0].Seconds()*1000, "ms/least")
		})
	}
}
