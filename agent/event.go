package agent

import (
	"encoding/json"

	"glovebox"
)

const (
	fileEvents = "events"
	// maxEvents bounds what is kept of one sandbox's events, in bytes. They are
	// not the job's output and do not count as such, but the job causes them.
	maxEvents = 8 << 20
)

// record keeps what the filter decided, a line of JSON each. What is beyond the
// bound is counted, and the count is the last event.
func (o *output) record(events []glovebox.NetEvent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.noted {
		return
	}
	var lines []byte
	for _, e := range events {
		line, err := json.Marshal(e)
		if err != nil || o.spools[spoolEvents].size.Load()+int64(len(lines)+len(line)) > maxEvents {
			o.missed += 1 + e.Missed
			o.last = e
			continue
		}
		lines = append(append(lines, line...), '\n')
	}
	o.note(lines)
}

// note appends to the events; o.mu is held. Events that cannot be written are
// lost, which is no reason to end the job.
func (o *output) note(lines []byte) {
	if len(lines) == 0 {
		return
	}
	_ = o.spools[spoolEvents].append(lines)
	o.notify()
}

// noteEnd takes no more events, and says how many were left out.
func (o *output) noteEnd() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.noted {
		return
	}
	o.noted = true
	if o.missed > 0 {
		line, _ := json.Marshal(glovebox.NetEvent{At: o.last.At, Type: o.last.Type, Missed: o.missed})
		o.note(append(line, '\n'))
	}
}
