package shimtest

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// probe shows a job all that the kernel tells it about itself and its machine,
// but for how much time and memory was used, and which programs of its own run
// beside the one that looks.
const probe = `
id; pwd; ulimit -a; umask; cat /proc/self/cgroup
grep -v -E '^(Vm|Rss|HugetlbPages|Pid|PPid|Tgid|voluntary|nonvoluntary)' /proc/self/status
cat /proc/self/mountinfo /proc/self/limits /proc/self/uid_map /proc/self/oom_score_adj
for f in /proc/self/ns/*; do ls -l $f 2>/dev/null | grep -o '[a-z]*$'; done
ls /proc/self/fd; ls -la / /dev /proc/sys/kernel >/tmp/seen; cat /tmp/seen | grep -v -E ' (\.\.?|proc)$'
ls /proc >/tmp/seen; grep -E '^[0-9]' /tmp/seen; cat /proc/1/cmdline | tr '\0' ' '
cat /proc/cpuinfo /proc/version /proc/sys/kernel/hostname; grep MemTotal /proc/meminfo
cat /etc/hosts /etc/hostname; env; ls -land /out; ls -A /out
cat /pause /true; echo x >/pause && echo writable
for s in 1 2 9 15; do kill -$s -1; done 2>&1; echo alive
`

// times are those of files that are made with the sandbox.
var times = regexp.MustCompile(`[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}`)

// A sandbox that was parked is, to its job, byte for byte one that was not.
func TestParkedLooksLikeCold(t *testing.T) {
	if parked {
		t.Skip("skipped: all sandboxes are parked in this run, so there is no cold one to compare with")
	}
	s := StartShim(t)
	job := Job{
		Args: []string{"/bin/sh", "-c", probe}, Memory: 300 << 20, Tasks: 50, CPUQuota: 150_000, UID: 4321, Cwd: "/var",
		ScratchSize: 32 << 20, Inodes: 500,
	}
	var seen [2]string
	for i := range seen {
		job.Parked = i == 1
		_, out, errs := s.Run(t, job)
		seen[i] = times.ReplaceAllString(out+errs, "TIME")
	}
	if !strings.Contains(seen[0], "MemTotal:") || !strings.Contains(seen[0], "alive") || !strings.Contains(seen[0], "CapEff:\t0000000000000000") {
		t.Errorf("the probe did not see what it was to see:\n%s", seen[0])
	}
	if seen[0] != seen[1] {
		cold, parked := strings.Split(seen[0], "\n"), strings.Split(seen[1], "\n")
		for i := range min(len(cold), len(parked)) {
			if cold[i] != parked[i] {
				t.Errorf("line %d: cold %q, parked %q", i, cold[i], parked[i])
			}
		}
		t.Errorf("%d lines cold, %d parked", len(cold), len(parked))
	}
	job.UID++ // control: a difference is seen
	if _, out, errs := s.Run(t, job); times.ReplaceAllString(out+errs, "TIME") == seen[0] {
		t.Errorf("the probe does not tell one user from another")
	}
}

// No two sandboxes share what is random in them.
func TestParkedShareNoRandomness(t *testing.T) {
	s := StartShim(t)
	const random = `head -c 16 /dev/urandom | od -An -tx1; head -c 16 /dev/random | od -An -tx1
		cat /proc/sys/kernel/random/uuid 2>/dev/null; cat /etc/machine-id; od -An -tx1 /proc/self/auxv | tail -n 3; cat /proc/self/maps | grep -E 'stack|vdso'`
	seen := map[string]int{}
	for i := range 8 {
		code, out, errs := s.Run(t, Job{Args: []string{"/bin/sh", "-c", random}, ScratchSize: 32 << 20, Parked: i%2 == 1})
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if code != 0 || len(lines) < 3 {
			t.Fatalf("status %d, %q %q", code, out, errs)
		}
		for _, line := range lines[:3] {
			if before, ok := seen[line]; ok {
				t.Errorf("sandboxes %d and %d have %q in common", before, i, line)
			}
			seen[line] = i
		}
	}
}

// Parked sandboxes use no CPU; running ones without work do, which is why.
func TestParkedUseNoCPU(t *testing.T) {
	s := StartShim(t)
	const n = 5
	var tasks []*Task
	for range n {
		k := s.NewTask(t, Job{Args: []string{"/bin/true"}})
		must(t, k.Park(t.Context()))
		tasks = append(tasks, k)
	}
	awake := s.NewTask(t, Job{Args: []string{"/bin/sleep", "60"}})
	awake.Create(t)
	awake.Start(t)
	time.Sleep(200 * time.Millisecond)
	const during = 2 * time.Second
	usage := func(k *Task) time.Duration { return time.Duration(s.cpu(t, k)) }
	before, control := map[string]time.Duration{}, usage(awake)
	for _, k := range tasks {
		before[k.ID] = usage(k)
	}
	time.Sleep(during)
	var all time.Duration
	for _, k := range tasks {
		all += usage(k) - before[k.ID]
	}
	idle := usage(awake) - control
	t.Logf("%d parked: %v of CPU in %v; one that waits: %v", n, all, during, idle)
	if all > during/100 {
		t.Errorf("%d parked sandboxes used %v of CPU in %v", n, all, during)
	}
	if idle <= all/n {
		t.Errorf("the control used %v, so nothing is shown", idle)
	}
	awake.Kill(t, syscall.SIGKILL)
	awake.Wait(t)
	for _, k := range append(tasks, awake) {
		k.Delete(t)
	}
}

// A parked sandbox is used once, by one.
func TestClaimOnce(t *testing.T) {
	s := StartShim(t)
	k := s.NewTask(t, Job{Args: []string{"/bin/echo", "hi"}})
	must(t, k.Park(t.Context()))
	if err := k.TryStart(); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("start without a job: %v", err)
	}
	pipes := &api.CreateTaskRequest{Stdout: k.Pipe("stdout"), Stderr: k.Pipe("stderr")}
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 4 {
		wg.Go(func() {
			err := k.Claim(context.Background(), pipes)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if status.Code(err) != codes.FailedPrecondition {
				t.Errorf("a claim that lost: %v", err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d claims won", won)
	}
	k.Start(t)
	if code := k.Wait(t); code != 0 {
		t.Errorf("status %d", code)
	}
	if err := k.Claim(t.Context(), pipes); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("claim of a used one: %v", err)
	}
	k.Delete(t)
}

// A claim that makes no sense uses the sandbox up, and leaves nothing.
func TestBadClaims(t *testing.T) {
	s := StartShim(t)
	for name, spoil := range map[string]func(string) string{
		"another group": func(c string) string { return strings.Replace(c, `"cgroupsPath":"`, `"cgroupsPath":"/else`, 1) },
		"no image": func(c string) string {
			return strings.Replace(c, `dev.glovebox.rootfs":"`, `dev.glovebox.rootfs":"/nowhere`, 1)
		},
		"a terminal":     func(c string) string { return strings.Replace(c, `"terminal":false`, `"terminal":true`, 1) },
		"no command":     func(c string) string { return strings.Replace(c, `"args":["/bin/true"]`, `"args":[]`, 1) },
		"not a document": func(string) string { return `"x"` },
	} {
		t.Run(name, func(t *testing.T) {
			k := s.NewTask(t, Job{Args: []string{"/bin/true"}})
			must(t, k.Park(t.Context()))
			path := filepath.Join(k.Bundle, "config.json.job")
			config, err := os.ReadFile(path)
			must(t, err)
			spoiled := spoil(string(config))
			if spoiled == string(config) {
				t.Fatal("nothing was spoiled")
			}
			must(t, os.WriteFile(path, []byte(spoiled), 0o600))
			err = k.Claim(t.Context(), &api.CreateTaskRequest{})
			if c := status.Code(err); c != codes.InvalidArgument && c != codes.Unimplemented {
				t.Errorf("got %v", err)
			}
			if code := k.Wait(t); code != 128+9 {
				t.Errorf("it ended with %d", code)
			}
			k.Delete(t)
		})
	}
}

// BenchmarkClaim measures from the claim of a parked sandbox to the first byte
// of its job's output, after it was left alone for a while.
func BenchmarkClaim(b *testing.B) {
	s := StartShim(b)
	var park, claim, first, gone Samples
	for b.Loop() {
		k := s.NewTask(b, BenchJob)
		began := time.Now()
		must(b, k.Park(b.Context()))
		park.Add(time.Since(began))
		out, err := openOutput(k.Pipe("stdout"))
		must(b, err)
		time.Sleep(100 * time.Millisecond)
		began = time.Now()
		must(b, k.Claim(b.Context(), &api.CreateTaskRequest{Stdout: k.Pipe("stdout")}))
		claim.Add(time.Since(began))
		go out.collect()
		k.Start(b)
		<-out.First
		first.Add(out.FirstAt.Sub(began))
		k.Wait(b)
		began = time.Now()
		k.Delete(b)
		gone.Add(time.Since(began))
	}
	park.Report(b, "park")
	claim.Report(b, "claim")
	first.Report(b, "claim-first")
	gone.Report(b, "delete")
}
