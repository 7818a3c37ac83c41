package main

import (
	"context"
	"fmt"
	"os"
)

// program stands in for a test, so that a box can be used outside of one. Its
// methods that end it belong to the goroutine that runs it.
type program struct {
	ctx      context.Context
	cleanups []func()
	failed   bool
}

type stop struct{}

func (p *program) run(f func()) (code int) {
	defer func() {
		if r := recover(); r != nil {
			if _, ours := r.(stop); !ours {
				panic(r)
			}
			code = 1
		}
	}()
	defer p.cleanup()
	f()
	if p.failed {
		return 1
	}
	return 0
}

// cleanup undoes everything, even if undoing some of it fails.
func (p *program) cleanup() {
	for len(p.cleanups) > 0 {
		last := p.cleanups[len(p.cleanups)-1]
		p.cleanups = p.cleanups[:len(p.cleanups)-1]
		func() {
			defer func() {
				if r := recover(); r != nil {
					p.failed = true
					if _, ours := r.(stop); !ours {
						p.Logf("cleaning up: %v", r)
					}
				}
			}()
			last()
		}()
	}
}

func (p *program) must(err error) {
	if err != nil {
		p.Fatalf("%v", err)
	}
}

// Helper does nothing: there is no test to blame.
func (p *program) Helper() {}

// Failed says whether an error was reported.
func (p *program) Failed() bool { return p.failed }

// Cleanup runs f at the end, last first.
func (p *program) Cleanup(f func()) { p.cleanups = append(p.cleanups, f) }

// Logf prints.
func (p *program) Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// Errorf prints and makes the program fail at its end.
func (p *program) Errorf(format string, args ...any) { p.failed = true; p.Logf(format, args...) }

// Fatalf prints and ends the program.
func (p *program) Fatalf(format string, args ...any) { p.Errorf(format, args...); panic(stop{}) }

// Skip cannot be: a benchmark that measures nothing has failed.
func (p *program) Skip(args ...any) { p.Fatalf("%s", fmt.Sprint(args...)) }
