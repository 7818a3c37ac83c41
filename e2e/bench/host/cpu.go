// Package host reads from the machine what no program tells: how busy it is,
// what memory is used, what it is, and what a measurement has left on it.
package host

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/stat.
const tick = 10 * time.Millisecond

// Busy is how much CPU time the whole machine has used since it started; it
// moves in steps of 10 ms.
func Busy() time.Duration {
	data, _ := os.ReadFile("/proc/stat")
	d, err := busy(string(data))
	if err != nil {
		return 0
	}
	return d
}

// busy adds what the first line of /proc/stat counts, but for idle and iowait,
// and for the guests' time, which user's has in it.
func busy(stat string) (time.Duration, error) {
	line, _, _ := strings.Cut(stat, "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return 0, fmt.Errorf("%q is no line of /proc/stat", line)
	}
	var sum time.Duration
	for i, text := range f[1:9] {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, err
		}
		if i != 3 && i != 4 {
			sum += time.Duration(n) * tick
		}
	}
	return sum, nil
}

const (
	lookFor = 40 * time.Millisecond // one look at how busy the machine is
	restful = 10 * time.Millisecond // busy time in it that is still rest
)

// Rest waits until the machine has been next to idle for a moment, so that what
// one measurement leaves to be done is not in the next one, but not longer than
// most.
func Rest(ctx context.Context, most time.Duration) {
	for end := time.Now().Add(most); time.Now().Before(end) && ctx.Err() == nil; {
		before := Busy()
		select {
		case <-ctx.Done():
		case <-time.After(lookFor):
		}
		if Busy()-before <= restful {
			return
		}
	}
}
