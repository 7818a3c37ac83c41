package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// restoreTime is how a benchmark of the shim calls what is wanted: from the
// begin of a restore to the first byte of the program's answer, at the median.
const restoreTime = "restore-first-p50-ms"

// hibernation tells how soon a sandbox of 200 MB is back, with what was saved
// in the page cache.
func (f *field) hibernation() {
	const key = "restore_200mb_ms"
	if f.saved == "" {
		f.r.Skip(key, "the shim was not measured alone")
		return
	}
	program, err := filepath.Abs(f.saved)
	f.must(err)
	cmd := exec.CommandContext(f.ctx, program, "-test.run=^$", "-test.bench=^BenchmarkRestore$/^cached$",
		"-test.benchtime="+strconv.Itoa(f.length.saves)+"x")
	cmd.Dir = filepath.Join("shim", "shimtest") // as its tests run
	out, err := cmd.CombinedOutput()
	ms, found := metric(string(out), restoreTime)
	if err != nil || !found {
		f.Errorf("restores: %v: %s", err, out)
		f.r.Skip(key, "it failed")
		return
	}
	f.r.Set(key, ms)
	f.r.Notes[key] = fmt.Sprintf("n=%d, `go test -bench BenchmarkRestore ./shimtest` in shim/", f.length.saves)
}

// metric finds a figure in what a Go benchmark prints: value and unit by turns.
func metric(text, unit string) (float64, bool) {
	fields := strings.Fields(text)
	for i, word := range fields {
		if word == unit && i > 0 {
			v, err := strconv.ParseFloat(fields[i-1], 64)
			return v, err == nil
		}
	}
	return 0, false
}
