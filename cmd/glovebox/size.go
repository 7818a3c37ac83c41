package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"glovebox"
)

// Units of sizes. As Docker has it, k, m and g are powers of 1024 with or
// without a B or iB behind them.
var units = []struct {
	letter byte
	factor float64
}{{'k', 1 << 10}, {'m', 1 << 20}, {'g', 1 << 30}, {'t', 1 << 40}}

// size is a flag that holds bytes: 512m, 1GiB, 0.5g, 4096.
type size int64

func (s *size) Type() string { return "size" }

func (s *size) String() string {
	if *s == 0 {
		return ""
	}
	return humanSize(int64(*s))
}

func (s *size) Set(text string) error {
	n := strings.ToLower(strings.TrimSpace(text))
	n = strings.TrimSuffix(strings.TrimSuffix(n, "b"), "i")
	factor := 1.0
	for _, u := range units {
		if len(n) > 0 && n[len(n)-1] == u.letter {
			factor, n = u.factor, n[:len(n)-1]
		}
	}
	v, err := strconv.ParseFloat(n, 64)
	if err != nil || math.IsNaN(v) || math.Abs(v*factor) >= math.MaxInt64 {
		return glovebox.Errorf(glovebox.KindUsage, "%q is not a size; write it like 512m or 1GiB", text)
	}
	*s = size(v * factor)
	return nil
}

// humanSize writes bytes so that three digits tell.
func humanSize(n int64) string {
	v, unit := float64(n), "B"
	for _, u := range units {
		if math.Abs(v) < 1024 {
			break
		}
		v, unit = float64(n)/u.factor, strings.ToUpper(string(u.letter))+"iB"
	}
	if unit == "B" || v >= 100 || v == math.Trunc(v) {
		return fmt.Sprintf("%.0f %s", v, unit)
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}
