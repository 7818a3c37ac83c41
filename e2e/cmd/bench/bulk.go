package main

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"glovebox/e2e/bench/host"
	"glovebox/e2e/bench/own"
)

const bulk = 1 << 30

// idle takes control's memory when it has nothing to do.
func (f *field) idle() {
	time.Sleep(2 * time.Second)
	f.r.Set("control_idle_mib", mib(f.pid("glovebox control")))
}

// pid is a process of the service without a pool.
func (f *field) pid(name string) int {
	pids := f.services[own.Cold].Box.Children(name)
	if len(pids) == 0 {
		f.Fatalf("there is no %s", name)
	}
	return pids[0]
}

// output sends 1 GiB through sandbox, agent, control, API and CLI.
func (f *field) output() {
	b := f.services[own.Cold].Box
	control, agent := f.pid("glovebox control"), f.pid("glovebox agent")
	c0, a0 := mib(control), mib(agent)
	peak := make(chan [2]float64)
	done := make(chan struct{})
	go watch(control, agent, done, peak)
	cmd := b.Command(f.ctx, "run", "--output-limit", "2GiB", f.images[0].Ref, "--", "dd", "if=/dev/zero", "bs=1M", "count=1024")
	out, err := cmd.StdoutPipe()
	f.must(err)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	began := time.Now()
	f.must(cmd.Start())
	n, err := io.Copy(io.Discard, out)
	took := time.Since(began)
	ended := cmd.Wait()
	close(done)
	p := <-peak
	if err != nil || ended != nil || n != bulk {
		f.Errorf("1 GiB of output: %d bytes, %v, %v: %s", n, err, ended, errs.String())
		return
	}
	f.r.Set("output_mb_s", bulk/1e6/took.Seconds())
	f.r.Set("control_growth_mib", p[0]-c0)
	f.r.Set("agent_growth_mib", p[1]-a0)
}

// watch returns the highest memory of both until done.
func watch(control, agent int, done <-chan struct{}, peak chan<- [2]float64) {
	var p [2]float64
	for {
		select {
		case <-done:
			peak <- p
			return
		case <-time.After(20 * time.Millisecond):
			p[0], p[1] = max(p[0], mib(control)), max(p[1], mib(agent))
		}
	}
}

// burst submits 100 jobs at once and waits for all of them.
func (f *field) burst() {
	const jobs = 100
	b := f.services[own.Cold].Box
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	began := time.Now()
	for i := range jobs {
		wg.Go(func() {
			out, err := b.Command(f.ctx, "run", f.images[0].Ref, "--", "echo", strconv.Itoa(i)).Output()
			mu.Lock()
			defer mu.Unlock()
			if err == nil && string(out) == fmt.Sprintln(i) {
				done++
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	if done != jobs {
		f.Errorf("%d of %d jobs finished", done, jobs)
	}
	f.r.Set("burst_done", float64(done))
	f.r.Set("burst_jobs_s", jobs/took.Seconds())
}

// mib is a process's resident memory.
func mib(pid int) float64 {
	n, _ := host.RSS(pid)
	return float64(n) / (1 << 20)
}
