// Command bench measures the product beside the programs that it is compared
// with, in one run, and writes down what it found: docs/BENCHMARKS.md with a
// chart, and a file of figures for programs. It fails if something does not
// work, and never because of a time.
package main

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"glovebox/e2e/bench/report"
)

// options are what a run is about.
type options struct {
	quick  bool
	rounds int
	cache  string // folder of downloaded packages
	claims string // compiled benchmark of runtime/containerd
	saves  string // compiled benchmark of the shim

	filters string // compiled benchmark of the network filter

	json, page, chart string // files to write; "" for none
}

// length is how long things go on.
type length struct {
	rounds, warm    int
	turns           time.Duration // no round of turns begins later
	rest            time.Duration // what is waited at most for the machine to come to rest
	try, loop, load time.Duration
	park            time.Duration // how long parked sandboxes are looked at
	saves           int           // how often a saved sandbox is restored
	filter          time.Duration // of each part of the filter's benchmark
	pools           int           // how many are put under load
	whole           time.Duration // no further part begins later
}

// roundTime is more than a round of turns takes on a slow machine.
const roundTime = 10 * time.Second

func (o options) length() length {
	l := length{
		rounds: 100, warm: 3, turns: time.Hour, rest: time.Second, try: 4 * time.Second, loop: time.Minute,
		load: 20 * time.Second, park: 20 * time.Second, saves: 50, filter: 5 * time.Second, pools: 3, whole: 2 * time.Hour,
	}
	if o.quick {
		l = length{
			rounds: 15, warm: 1, turns: 100 * time.Second, rest: 200 * time.Millisecond, try: 1500 * time.Millisecond, loop: 8 * time.Second,
			load: 3 * time.Second, park: 5 * time.Second, saves: 10, filter: time.Second, pools: 1, whole: 220 * time.Second,
		}
	}
	if o.rounds > 0 {
		// Who asks for rounds has the time for them.
		longer := time.Duration(o.rounds) * roundTime
		l.rounds, l.turns, l.whole = o.rounds, l.turns+longer, l.whole+longer
	}
	return l
}

func main() {
	var o options
	flag.BoolVar(&o.quick, "quick", false, "few rounds and short loops")
	flag.IntVar(&o.rounds, "rounds", 0, "turns of each contestant that count; 0 means 100, or 15 if quick")
	flag.StringVar(&o.cache, "cache", ".cache", "folder for the packages that the python image is made of")
	flag.StringVar(&o.claims, "claims", "", "compiled test of package runtime/containerd; without it the node is not measured alone")
	flag.StringVar(&o.saves, "saves", "", "compiled test of package shimtest, run in its folder; without it nothing is restored")
	flag.StringVar(&o.filters, "filter", "", "compiled test of package egress/filter; without it the filter is not measured alone")
	flag.StringVar(&o.json, "json", "", "file for the figures")
	flag.StringVar(&o.page, "page", "", "file for the page")
	flag.StringVar(&o.chart, "chart", "", "file for the chart, beside the page")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	p := &program{ctx: ctx}
	os.Exit(p.run(func() {
		r := measure(p, o)
		r.Finish("the run ended before")
		if ctx.Err() != nil {
			o.page, o.chart = "", "" // half of the figures are no page
		}
		p.must(write(o, r))
	}))
}

// write writes the files that are wanted.
func write(o options, r *report.Results) error {
	data, err := r.JSON()
	if err != nil {
		return err
	}
	chart := ""
	if o.chart != "" && len(r.Loads) > 0 {
		chart = filepath.Base(o.chart)
	}
	for path, text := range map[string]string{o.json: string(data), o.page: r.Page(chart), o.chart: picture(r.Loads)} {
		if path == "" {
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
