package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interrupts turns Ctrl-C and SIGTERM into the ends of two contexts: the first
// asks, the second insists.
type interrupts struct {
	first, second context.Context
	stop          func()
}

func watchInterrupts(ctx context.Context) *interrupts {
	first, cancelFirst := context.WithCancel(ctx)
	second, cancelSecond := context.WithCancel(ctx)
	// Without this the first write that nobody reads would end the program
	// before it can cancel the job.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for _, cancel := range []func(){cancelFirst, cancelSecond} {
			select {
			case <-signals:
				cancel()
			case <-done:
				return
			}
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
