package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// echo is how close two signals are that one act has caused: timeout(1), for
// instance, signals its child and then the child's group.
const echo = 250 * time.Millisecond

// interrupts turns Ctrl-C, SIGTERM and what else is asked for into the ends of two contexts: the first
// asks, the second insists.
type interrupts struct {
	first, second context.Context
	stop          func()
}

func watchInterrupts(ctx context.Context, more ...os.Signal) *interrupts {
	first, cancelFirst := context.WithCancel(ctx)
	second, cancelSecond := context.WithCancel(ctx)
	// Without this the first write that nobody reads would end the program
	// before it can cancel the job.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	for _, s := range more {
		if !signal.Ignored(s) { // as nohup(1) has it
			signal.Notify(signals, s)
		}
	}
	done := make(chan struct{})
	go func() {
		var last time.Time
		for {
			select {
			case <-signals:
			case <-done:
				return
			}
			if first.Err() != nil && time.Since(last) > echo {
				cancelSecond()
			}
			cancelFirst()
			last = time.Now()
		}
	}()
	return &interrupts{first: first, second: second, stop: func() {
		signal.Stop(signals)
		close(done)
		cancelFirst()
		cancelSecond()
	}}
}

// detached says whether the second one came.
func (i *interrupts) detached() bool { return i.second.Err() != nil }
