package main

import (
	"slices"
	"testing"
	"time"

	"glovebox"
	"glovebox/client"
)

func TestPoolRows(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	parked := func(age time.Duration) client.PoolSlot {
		return client.PoolSlot{State: "parked", Since: now.Add(-age)}
	}
	rows := poolRows([]client.Pool{
		{Node: "local", Template: "generic", Floor: 4, Ceiling: 32, Target: 5, Memory: 16 << 20, Hits: 7,
			Slots:  []client.PoolSlot{parked(time.Minute), parked(2 * time.Minute), {State: "making", Since: now}},
			Misses: client.Pool{}.Misses, ClaimP50: glovebox.Duration(3500 * time.Microsecond), ClaimP95: glovebox.Duration(8 * time.Millisecond),
			RefillWall: glovebox.Duration(50 * time.Millisecond)},
		{Node: "other", Template: "generic"},
	}, now)
	want := [][]string{
		{"local", "generic", "2", "1", "5", "4–32", "2m ago", "32 MiB", "7", "0", "0", "0", "0", "3.5ms/8.0ms", "50.0ms"},
		{"other", "generic", "0", "0", "0", "0–0", "", "", "0", "0", "0", "0", "0", "", ""},
	}
	for i := range want {
		if !slices.Equal(rows[i], want[i]) || len(rows[i]) != len(poolHead) {
			t.Errorf("%q\nwant %q", rows[i], want[i])
		}
	}
}
