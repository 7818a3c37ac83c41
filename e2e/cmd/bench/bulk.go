package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"glovebox/e2e/box"
)

const bulk = 1 << 30

// throughput sends 1 GiB through sandbox, agent, control, API and CLI.
func throughput(t *program, b *box.Box, f *figures) {
	control, agent := b.Children("glovebox control")[0], b.Children("glovebox agent")[0]
	c0, a0 := rss(t, control), rss(t, agent)
	peak := make(chan [2]float64)
	done := make(chan struct{})
	go watch(t, control, agent, done, peak)
	cmd := b.Command(context.Background(), "run", "--output-limit", "2GiB", "busybox:bench", "--", "dd", "if=/dev/zero", "bs=1M", "count=1024")
	out, err := cmd.StdoutPipe()
	t.must(err)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	began := time.Now()
	t.must(cmd.Start())
	n, err := io.Copy(io.Discard, out)
	t.must(err)
	took := time.Since(began)
	if err := cmd.Wait(); err != nil || n != bulk {
		t.Fatalf("%d bytes, %v: %s", n, err, errs.String())
	}
	close(done)
	p := <-peak
	f.add("output_mb_s", "1 GiB of output through API and CLI", bulk/1e6/took.Seconds(), "MB/s", "≥ 200 MB/s")
	f.add("control_growth_mib", "growth of control meanwhile", p[0]-c0, "MiB", "≤ 32 MiB")
	f.add("agent_growth_mib", "growth of agent meanwhile", p[1]-a0, "MiB", "≤ 32 MiB")
}

// watch returns the highest memory of both until done.
func watch(t *program, control, agent int, done <-chan struct{}, peak chan<- [2]float64) {
	var p [2]float64
	for {
		select {
		case <-done:
			peak <- p
			return
		case <-time.After(20 * time.Millisecond):
			p[0], p[1] = max(p[0], rss(t, control)), max(p[1], rss(t, agent))
		}
	}
}

// burst submits 100 jobs at once and waits for all of them.
func burst(t *program, b *box.Box, f *figures) {
	const jobs = 100
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	began := time.Now()
	for i := range jobs {
		wg.Go(func() {
			r := b.Run("run", "busybox:bench", "--", "echo", strconv.Itoa(i))
			mu.Lock()
			defer mu.Unlock()
			if r.Code == 0 && r.Stdout == fmt.Sprintln(i) {
				done++
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	if done != jobs {
		t.Errorf("%d of %d jobs finished", done, jobs)
	}
	f.add("burst_done", "of 100 jobs submitted at once, finished", float64(done), "jobs", "100")
	f.add("burst_jobs_s", "… at", jobs/took.Seconds(), "jobs/s", "")
}

// idle takes control's memory when it has nothing to do.
func idle(b *box.Box, f *figures) {
	time.Sleep(2 * time.Second)
	f.add("control_idle_mib", "control idle", rss(nil, b.Children("glovebox control")[0]), "MiB", "< 60 MiB")
}

// rss is a process's resident memory in MiB.
func rss(_ *program, pid int) float64 {
	data, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	for line := range strings.Lines(string(data)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(v)[0], 64)
			return kb / 1024
		}
	}
	return 0
}
