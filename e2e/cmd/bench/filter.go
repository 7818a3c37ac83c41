package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// What a benchmark of the network filter calls its figures: all are of its own
// processor time.
const (
	filterConns = "conns/s-core"
	filterCost  = "filter-µs/conn"
	filterBytes = "Mbit/s-core"
)

// filter tells what the network filter does with one core to itself: how many
// connections, what 500 rules add to one, how many bytes.
func (f *field) filter() {
	keys := []string{"filter_conns_s", "filter_mbit_s", "filter_rules_ratio"}
	skip := func(why string) {
		for _, key := range keys {
			f.r.Skip(key, why)
		}
	}
	if f.filters == "" {
		skip("the filter was not measured alone")
		return
	}
	program, err := filepath.Abs(f.filters)
	f.must(err)
	cmd := exec.CommandContext(f.ctx, program, "-test.run=^$", "-test.bench=^BenchmarkProcess$", "-test.benchtime="+f.length.filter.String())
	cmd.Dir = f.folder("gbfilter")
	out, err := cmd.CombinedOutput()
	one, many, bytes := lineOf(string(out), "connections/rules=1"), lineOf(string(out), "connections/rules=500"), lineOf(string(out), "bytes")
	conns, a := metric(one, filterConns)
	cost, b := metric(one, filterCost)
	costMany, c := metric(many, filterCost)
	mbit, d := metric(bytes, filterBytes)
	if err != nil || !a || !b || !c || !d {
		f.Errorf("filter: %v: %s", err, out)
		skip("it failed")
		return
	}
	f.r.Set(keys[0], conns)
	f.r.Set(keys[1], mbit)
	f.r.Ratio(keys[2], costMany, cost, "")
	const command = "of its own processor time, `go test -bench Process ./egress/filter`"
	f.r.Notes[keys[0]] = command
	f.r.Notes[keys[2]] = fmt.Sprintf("%.0f and %.0f µs", costMany, cost)
}

// lineOf is what a Go benchmark prints about one of its parts.
func lineOf(text, part string) string {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		name := fields[0]
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			name = name[:i] // how many cores there are
		}
		if strings.HasSuffix(name, "/"+part) || strings.HasSuffix(fields[0], "/"+part) {
			return line
		}
	}
	return ""
}
