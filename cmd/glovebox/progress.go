package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// progress is one line on stderr that is written again and again, if stderr is
// a terminal; else it is nothing.
type progress struct {
	mu    sync.Mutex
	w     *os.File // nil: no terminal
	last  time.Time
	shown bool
}

func (a *app) newProgress() *progress {
	if !isTerminal(a.stderr) {
		return &progress{}
	}
	return &progress{w: a.stderr}
}

// show writes the line, some times a second at most.
func (p *progress) show(what string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w == nil || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last, p.shown = time.Now(), true
	line := fmt.Sprintf("%s %s", inert(what), humanSize(done))
	if total > 0 {
		const width = 30
		full := int(min(done, total) * width / total)
		line = fmt.Sprintf("%s [%s%s] %s of %s", inert(what), strings.Repeat("=", full), strings.Repeat(" ", width-full),
			humanSize(done), humanSize(total))
	}
	fmt.Fprintf(p.w, "\r%s\x1b[K", line)
}

// clear takes the line away.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
