package main

import (
	"fmt"
	"time"

	"glovebox/e2e/bench/host"
	"glovebox/runtime/runtimetest"
)

// crowd is how many sandboxes are parked at a time to tell what one costs.
const crowd = 50

// parked tells what sandboxes cost that wait: the memory of their processes,
// or what the machine has less of, whichever is more.
func (f *field) parked() {
	skip := func(why string) { f.r.Skip("parked_mb", why); f.r.Skip("parked_cpu_percent", why) }
	if f.node == nil {
		skip("the node was not measured alone")
		return
	}
	f.settle(f.ctx)
	free, err := host.Available()
	f.must(err)
	used := host.Memory(f.node.Processes())
	skipped, err := f.node.Park(runtimetest.ClaimTemplate, f.images[0], crowd)
	if err != nil {
		f.Errorf("park %d sandboxes: %v", crowd, err)
		skipped = err.Error()
	}
	if skipped != "" {
		skip(skipped)
		return
	}
	time.Sleep(2 * time.Second) // what parking leaves to be done is not what waiting costs
	now, err := host.Available()
	f.must(err)
	pss := float64(host.Memory(f.node.Processes())-used) / crowd / 1e6
	taken := float64(free-now) / crowd / 1e6
	f.r.Set("parked_pss_mb", pss)
	f.r.Set("parked_available_mb", taken)
	f.r.Notes["parked_mb"] = fmt.Sprintf("PSS %.1f MB, MemAvailable %.1f MB less", pss, taken)
	f.r.Set("parked_mb", max(pss, taken))
	f.waiting()
	if _, err := f.node.Park(runtimetest.ClaimTemplate, f.images[0], 0); err != nil {
		f.Errorf("destroy the parked sandboxes: %v", err)
	}
}

// waiting tells what CPU time the whole node takes while its sandboxes wait:
// theirs, the shim's, containerd's.
func (f *field) waiting() {
	all := f.node.Processes()
	before, began := host.CPU(all), time.Now()
	select {
	case <-f.ctx.Done():
	case <-time.After(f.park):
	}
	f.r.Set("parked_cpu_percent", 100*(host.CPU(all)-before).Seconds()/time.Since(began).Seconds())
}
