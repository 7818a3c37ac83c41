package main

import (
	"encoding/json"
	"os"
	"sync"
	"time"
)

// trial is one thing to try.
type trial struct {
	family int
	name   string
	// do returns what it got hold of, or why it did not.
	do func() (string, error)
	// trace is what the ledger of the internet shows if this has worked and the
	// attacker cannot see that itself.
	trace string
}

// result is what is printed about a trial.
type result struct {
	Family    int    `json:"family"`
	Case      string `json:"case"`
	Attempted bool   `json:"attempted"`
	Succeeded bool   `json:"succeeded"`
	Trace     string `json:"trace,omitempty"`
	Detail    string `json:"detail,omitempty"`
	Millis    int64  `json:"millis"`
}

var printing sync.Mutex

func (r result) print() {
	printing.Lock()
	defer printing.Unlock()
	_ = json.NewEncoder(os.Stdout).Encode(r)
}

func (t trial) run() {
	began := time.Now()
	got, err := t.do()
	r := result{
		Family: t.family, Case: t.name, Attempted: true, Succeeded: err == nil && t.trace == "", Trace: t.trace,
		Detail: got, Millis: time.Since(began).Milliseconds(),
	}
	if err != nil {
		r.Detail = err.Error()
	}
	r.Detail = r.Detail[:min(len(r.Detail), 300)]
	r.print()
}

// run tries everything at a time, because most of it waits.
func run(all []trial) {
	var wg sync.WaitGroup
	for _, t := range all {
		wg.Go(t.run)
	}
	wg.Wait()
}

func runOneByOne(all []trial) {
	for _, t := range all {
		t.run()
	}
}
