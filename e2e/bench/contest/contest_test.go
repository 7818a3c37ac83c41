package contest

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func rest(context.Context) {}

// sleeper is a contestant whose every job takes the same time.
func sleeper(key string, first, exit time.Duration) *Contestant {
	return &Contestant{Key: key, Run: func(context.Context, int) (Taken, error) {
		time.Sleep(exit)
		return Taken{First: first, Exit: exit}, nil
	}}
}

func TestInterleave(t *testing.T) {
	var order strings.Builder
	player := func(key string, took time.Duration) *Contestant {
		return &Contestant{Key: key, Run: func(context.Context, int) (Taken, error) {
			order.WriteString(key)
			return Taken{First: took, Exit: 2 * took, Warm: key == "a"}, nil
		}}
	}
	all := []*Contestant{player("a", time.Millisecond), player("b", 3*time.Millisecond), {Key: "c", Skipped: "it cannot"}}
	found, err := Interleave(t.Context(), all, 1, 3, time.Hour, rest)
	if err != nil || order.String() != "abababab" {
		t.Fatalf("order %s, %v", order.String(), err)
	}
	if a := found["a"]; len(a.First) != 3 || a.First.At(0.5) != 1 || a.Exit.At(0.5) != 2 || a.Warm != 3 {
		t.Errorf("a: %+v", a)
	}
	if b := found["b"]; len(b.First) != 3 || b.First.At(0.5) != 3 || b.Warm != 0 {
		t.Errorf("b: %+v", b)
	}
	if found["c"] != nil {
		t.Error("a contestant that is skipped has a series")
	}
}

// TestGiveUp: what fails is in no series, and is left out after a while.
func TestGiveUp(t *testing.T) {
	calls := 0
	broken := &Contestant{Key: "x", Run: func(context.Context, int) (Taken, error) {
		if calls++; calls == 2 {
			return Taken{First: time.Millisecond}, nil
		}
		return Taken{}, errors.New("boom")
	}}
	found, err := Interleave(t.Context(), []*Contestant{broken}, 0, 20, time.Hour, rest)
	if err != nil || calls != 5 || len(found["x"].First) != 1 || found["x"].Failed != 4 || !strings.Contains(broken.Skipped, "boom") {
		t.Errorf("%d calls, %+v, %q, %v", calls, found["x"], broken.Skipped, err)
	}
}

func TestInterleaveEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	c := &Contestant{Key: "x", Run: func(context.Context, int) (Taken, error) { cancel(errors.New("stop")); return Taken{}, nil }}
	if _, err := Interleave(ctx, []*Contestant{c}, 0, 5, time.Hour, rest); err == nil || err.Error() != "stop" {
		t.Errorf("the error is %v", err)
	}
}

// TestLimit: a machine that is too slow gets fewer rounds, all of them whole.
func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := []*Contestant{sleeper("a", 0, time.Second), sleeper("b", 0, time.Second)}
		found, err := Interleave(t.Context(), all, 1, 50, 9*time.Second, rest)
		if err != nil || len(found["a"].First) != 4 || len(found["b"].First) != 4 {
			t.Errorf("%d and %d turns, %v", len(found["a"].First), len(found["b"].First), err)
		}
	})
}

func TestLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var used atomic.Int64
		busy := func() time.Duration { return time.Duration(used.Add(int64(time.Second))) }
		l := RunLoop(t.Context(), sleeper("s", 0, 100*time.Millisecond), 4, 10*time.Second, busy)
		if l.Jobs != 400 || l.Lost != 0 || l.Rate != 40 || l.CPU != 2.5 {
			t.Errorf("%+v", l)
		}
	})
}

// TestLoopCountsTheRest: what is done in the background counts as time, and what
// is lost there is no job that was done.
func TestLoopCountsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sleeper("s", 0, 100*time.Millisecond)
		c.Settle = func(context.Context) (int, error) { time.Sleep(10 * time.Second); return 20, nil }
		l := RunLoop(t.Context(), c, 1, 10*time.Second, func() time.Duration { return 0 })
		if l.Jobs != 80 || l.Lost != 20 || l.Rate != 4 {
			t.Errorf("%+v", l)
		}
	})
}

func TestSustained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var active atomic.Int64
		c := &Contestant{Key: "two at most", Run: func(context.Context, int) (Taken, error) {
			n := active.Add(1)
			time.Sleep(time.Duration(max(1, (n-1)*(n-1))) * 100 * time.Millisecond)
			active.Add(-1)
			return Taken{}, nil
		}}
		l, err := Sustained(t.Context(), c, []int{1, 2, 4}, 2*time.Second, 10*time.Second, func() time.Duration { return 0 })
		if err != nil || l.Lanes != 2 {
			t.Errorf("%+v, %v", l, err)
		}
		c.Run = func(context.Context, int) (Taken, error) { return Taken{}, errors.New("boom") }
		if _, err = Sustained(t.Context(), c, []int{1}, time.Second, time.Second, func() time.Duration { return 0 }); err == nil || !strings.Contains(err.Error(), "boom") {
			t.Errorf("the error is %v", err)
		}
	})
}

// TestArrivalsDoNotWait: jobs arrive although those before them have not ended.
func TestArrivalsDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := atomic.Int64{}
		c := &Contestant{Run: func(context.Context, int) (Taken, error) {
			i := n.Add(1)
			if i == 3 {
				return Taken{}, errors.New("boom")
			}
			time.Sleep(10 * time.Second)
			return Taken{First: 5 * time.Second, Warm: i%2 == 0}, nil
		}}
		began := time.Now()
		l, err := Arrive(t.Context(), c, 5, 2*time.Second)
		if err != nil || len(l.Hits) != 5 || len(l.Misses) != 4 || l.Lost != 1 || l.Hits.At(1) != 5000 {
			t.Errorf("%+v, %v", l, err)
		}
		if took := time.Since(began); took != 11800*time.Millisecond {
			t.Errorf("it took %s", took)
		}
	})
}
