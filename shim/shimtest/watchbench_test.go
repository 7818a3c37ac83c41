package shimtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"

	"glovebox/shim/cgroup"
)

// BenchmarkWatch measures what watching costs jobs, off, default and full by
// turns so that all see the same machine: a loop of the cheapest system call
// there is, one that opens files, one that runs programs, a shell that does a
// bit of everything; and making, binding and ending a sandbox. The ratios are
// medians of those of each turn, and the processor time is what counts where
// others use the machine, too.
func BenchmarkWatch(b *testing.B) {
	s := StartShim(b)
	s.AddGuest(b)
	for _, c := range watchJobs {
		b.Run(c.name, func(b *testing.B) {
			const rounds = 21
			var wall, cpu watchTimes
			for b.Loop() {
				w, c := s.timeWatch(b, c, rounds)
				wall, cpu = w, c
			}
			for what, of := range map[string]watchTimes{"wall": wall, "cpu": cpu} {
				b.ReportMetric(float64(of[0].Quantile(0.5))/1e6, "off-"+what+"-p50-ms")
				for i, mode := range watchModes[1:] {
					b.ReportMetric(of.ratio(i+1), fmt.Sprintf("%s/off-%s", mode, what))
				}
			}
		})
	}
}

// TestWatchIsCheap is the net under the benchmark, with room for a busy machine.
func TestWatchIsCheap(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short")
	}
	const bound = 1.2
	s := StartShim(t)
	s.AddGuest(t)
	for _, c := range watchJobs {
		if c.name != "fork" && c.name != "shell" {
			continue
		}
		_, cpu := s.timeWatch(t, c, 11)
		for i, mode := range watchModes[1:] {
			ratio := cpu.ratio(i + 1)
			t.Logf("%s, %s: %.3f times the processor time", c.name, mode, ratio)
			if ratio > bound {
				t.Errorf("%s, %s: watching takes %.2f times the processor time, more than %.2f", c.name, mode, ratio, bound)
			}
		}
	}
}

type watchJob struct {
	name string
	args []string
}

var watchJobs = []watchJob{
	{"getppid", []string{"/guest", "getpid", "40000"}},
	{"open", []string{"/guest", "opens", "6000"}},
	{"fork", []string{"/guest", "forks", "40"}},
	{"shell", []string{"/bin/sh", "-c", "for i in $(seq 12); do echo $i > /tmp/f$i; cat /tmp/f$i | tr 0-9 a-j | wc -c >/dev/null; ls -l /bin >/dev/null; done"}},
	{"start", []string{"/bin/true"}},
}

// watchModes are the values of the annotation that are compared, the first with
// the others.
var watchModes = [3]string{"off", "default", "full"}

// watchTimes are what each mode took, turn by turn.
type watchTimes [len(watchModes)]Samples

// ratio is the median of what a mode takes to what off takes in the same turn.
func (w watchTimes) ratio(mode int) float64 {
	var all []float64
	for turn, off := range w[0].all {
		all = append(all, float64(w[mode].all[turn])/float64(off))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// timeWatch runs a job in each mode by turns.
func (s *Shim) timeWatch(t testing.TB, c watchJob, rounds int) (wall, cpu watchTimes) {
	for round := range rounds {
		for turn := range watchModes {
			i := (turn + round) % len(watchModes)
			w, c := s.timeJob(t, watchModes[i], c.args, c.name == "start")
			wall[i].Add(w)
			cpu[i].Add(c)
		}
	}
	return wall, cpu
}

// BenchmarkWatchClaim measures from the claim of a parked sandbox to the first
// byte of its job's output, by turns.
func BenchmarkWatchClaim(b *testing.B) {
	const rounds = 41
	s := StartShim(b)
	var took watchTimes
	for b.Loop() {
		for round := range rounds {
			for turn := range watchModes {
				i := (turn + round) % len(watchModes)
				k := s.NewTask(b, Job{Args: BenchJob.Args, ScratchSize: 64 << 20, Annotations: map[string]string{"dev.glovebox.watch": watchModes[i]}})
				must(b, k.Park(b.Context()))
				out, err := openOutput(k.Pipe("stdout"))
				must(b, err)
				began := time.Now()
				must(b, k.Claim(b.Context(), &api.CreateTaskRequest{Stdout: k.Pipe("stdout")}))
				go out.collect()
				k.Start(b)
				k.Wait(b)
				out.Bytes()
				took[i].Add(out.FirstAt.Sub(began))
				k.Delete(b)
			}
		}
	}
	for i, mode := range watchModes {
		b.ReportMetric(float64(took[i].Quantile(0.5).Microseconds())/1000, mode+"-p50-ms")
	}
}

// timeJob runs a job to its end, and with start counts what it takes to make
// and bind the sandbox, too. It returns wall time and processor time.
func (s *Shim) timeJob(t testing.TB, mode string, args []string, start bool) (wall, cpu time.Duration) {
	k := s.NewTask(t, Job{Args: args, ScratchSize: 64 << 20, Annotations: map[string]string{"dev.glovebox.watch": mode}})
	began := time.Now()
	k.Create(t)
	group, err := cgroup.Open(s.CgroupPath(k.ID))
	must(t, err)
	var before cgroup.Counters
	if !start {
		before, err = group.Counters()
		must(t, err)
		began = time.Now()
	}
	k.Start(t)
	if status := k.Wait(t); status != 0 {
		t.Fatalf("%q: status %d: %s", args, status, k.Stderr)
	}
	wall = time.Since(began)
	after := k.Report(t)["cpuNanos"].(float64)
	k.Delete(t)
	return wall, time.Duration(after) - time.Duration(before.CPU)
}
