// Package contest measures several ways to run one job against each other: in
// turns, as a loop, and at a given rate of arrivals.
package contest

import (
	"context"
	"fmt"
	"time"

	"glovebox/e2e/bench/sample"
)

// Taken is how long one job took, from the moment it was asked for.
type Taken struct {
	First time.Duration // to the first byte of its stdout, where it was asked for
	Exit  time.Duration // until its end was known there
	Warm  bool          // whether it ran in a sandbox that was there before
}

// Contestant is one way to run one job.
type Contestant struct {
	Key     string // in results.json
	What    string // in words
	Command string // what is run, exactly
	Skipped string // why it cannot take part; "" if it can

	// Run runs the job once and returns after its end. It may be called at
	// the same time for different lanes, which count from 0. A job that does
	// not print what it should, or fails, is an error.
	Run func(ctx context.Context, lane int) (Taken, error)

	// Settle waits, outside of what is measured, until what Run has left to be
	// done in the background is done, and returns how many jobs were lost. It
	// may be nil.
	Settle func(ctx context.Context) (lost int, err error)
}

// Series are the results of one contestant's turns.
type Series struct {
	First, Exit sample.Series
	Warm        int   // turns that were
	Failed      int   // turns that gave an error; they are in no series
	Err         error // the last of these
}

// giveUp is how many turns in a row may fail before a contestant is left out.
const giveUp = 3

// Interleave gives each contestant warm turns that do not count and then n that
// do, one contestant after the other in each round. before runs ahead of every
// turn, to let the machine come to rest. A contestant that fails again and
// again is skipped from then on. No round begins later than limit after the
// first one. The only error is that ctx has ended.
func Interleave(ctx context.Context, all []*Contestant, warm, n int, limit time.Duration, before func(context.Context)) (map[string]*Series, error) {
	found := map[string]*Series{}
	inRow := map[string]int{}
	began := time.Now()
	for round := range warm + n {
		if time.Since(began) > limit {
			break
		}
		for _, c := range all {
			if c.Skipped != "" {
				continue
			}
			before(ctx)
			taken, err := turn(ctx, c)
			if ctx.Err() != nil {
				return found, context.Cause(ctx)
			}
			s := found[c.Key]
			if s == nil {
				s = &Series{}
				found[c.Key] = s
			}
			if err != nil {
				s.Failed, s.Err = s.Failed+1, err
				if inRow[c.Key]++; inRow[c.Key] == giveUp {
					c.Skipped = fmt.Sprintf("failed %d times in a row: %v", giveUp, err)
				}
				continue
			}
			inRow[c.Key] = 0
			if round < warm {
				continue
			}
			s.First.Add(taken.First)
			s.Exit.Add(taken.Exit)
			if taken.Warm {
				s.Warm++
			}
		}
	}
	return found, nil
}

// patience bounds one turn.
const patience = time.Minute

func turn(ctx context.Context, c *Contestant) (Taken, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	taken, err := c.Run(ctx, 0)
	if err != nil {
		return taken, err
	}
	if c.Settle == nil {
		return taken, nil
	}
	lost, err := c.Settle(ctx)
	if err == nil && lost > 0 {
		err = fmt.Errorf("%d jobs were lost", lost)
	}
	return taken, err
}
