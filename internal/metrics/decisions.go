package metrics

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"glovebox"
	"glovebox/internal/jobwatch"
)

// decisions counts what the network filter decided, from the events of jobs as
// nodes ship them: a line of JSON each, which are the node's words and may be
// cut anywhere. What is counted is what was stored, once.
type decisions struct {
	made   *prometheus.CounterVec
	closed *prometheus.CounterVec
	bytes  *prometheus.CounterVec
	missed prometheus.Counter

	mu   sync.Mutex
	read map[string]*reading // by job, until its output is sealed
}

// reading is how far the events of a job's attempt were counted.
type reading struct {
	attempt int
	at      int64  // bytes of the stream
	rest    []byte // of a line that has not ended
}

const (
	streamEvents = "events"
	// maxReadings bounds decisions.read. It is beyond what nodes run at one
	// time; what is forgotten loses a line at most.
	maxReadings = 4096
	// maxLine is longer than any line of an honest node.
	maxLine = 16 << 10
)

func (m *Metrics) newDecisions() *decisions {
	return &decisions{
		made:   m.counter("glovebox_egress_decisions_total", "questions, connections and requests of jobs that the network filter decided about; the reason is empty if it let them through", "type", "allowed", "reason"),
		closed: m.counter("glovebox_egress_closed_total", "connections that were let through and have ended; the reason is empty unless the filter cut them", "reason"),
		bytes:  m.counter("glovebox_egress_bytes_total", "bytes of connections that have ended: sent by jobs, received by them", "direction"),
		missed: m.counter("glovebox_egress_missed_total", "decisions that nobody kept, for want of room, and that are in none of the others").WithLabelValues(),
		read:   map[string]*reading{},
	}
}

// Output returns next with the decisions in the events that are stored there
// counted.
func (m *Metrics) Output(next jobwatch.Output) jobwatch.Output { return &output{next, m.decisions} }

type output struct {
	jobwatch.Output
	decisions *decisions
}

// Append implements jobwatch.Output.
func (o *output) Append(ctx context.Context, job string, attempt int, stream string, offset int64, p []byte) (int64, error) {
	size, err := o.Output.Append(ctx, job, attempt, stream, offset, p)
	if err == nil && stream == streamEvents && len(p) > 0 {
		o.decisions.stored(job, attempt, offset, p)
	}
	return size, err
}

// stored counts the lines that end in a piece, but for what was counted before:
// a node sends again what it does not know to be stored.
func (d *decisions) stored(job string, attempt int, offset int64, p []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.read[job]
	if r == nil || r.attempt != attempt || r.at < offset {
		// Another process stored what was before, and counted it.
		if r == nil && len(d.read) >= maxReadings {
			clear(d.read)
		}
		r = &reading{attempt: attempt, at: offset}
		d.read[job] = r
	}
	end := offset + int64(len(p))
	if end <= r.at {
		return
	}
	p, r.at = p[r.at-offset:], end
	for {
		line, rest, ended := bytes.Cut(p, []byte("\n"))
		if !ended {
			break
		}
		if len(r.rest) > 0 {
			line = append(r.rest, line...)
		}
		d.count(line)
		r.rest, p = nil, rest
	}
	if len(r.rest)+len(p) > maxLine {
		r.rest = r.rest[:0:0] // what comes of the line will not be read as one
		return
	}
	r.rest = append(r.rest, p...)
}

// forget lets go of a job whose events are all there.
func (d *decisions) forget(job string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.read, job)
}

// count counts one event. What is no event is none.
func (d *decisions) count(line []byte) {
	var e struct {
		Type    string `json:"type"`
		Allowed bool   `json:"allowed"`
		Reason  string `json:"reason"`
		Conn    int64  `json:"conn"`
		Sent    int64  `json:"sent"`
		Got     int64  `json:"received"`
		Missed  int64  `json:"missed"`
	}
	if json.Unmarshal(line, &e) != nil {
		return
	}
	d.missed.Add(float64(max(0, e.Missed)))
	switch e.Type {
	case glovebox.NetDNS, glovebox.NetOpen, glovebox.NetRequest:
		d.made.WithLabelValues(e.Type, strconv.FormatBool(e.Allowed), reasonOf(e.Reason)).Inc()
	case glovebox.NetClose:
		if e.Conn == 0 {
			return // says what was missed, and no more
		}
		d.closed.WithLabelValues(reasonOf(e.Reason)).Inc()
		d.bytes.WithLabelValues("sent").Add(float64(max(0, e.Sent)))
		d.bytes.WithLabelValues("received").Add(float64(max(0, e.Got)))
	}
}

// netReasons is the closed list of NetEvent.Reason.
var netReasons = []string{
	"", glovebox.NetNoRule, glovebox.NetForbidden, glovebox.NetPrivate, glovebox.NetName, glovebox.NetProtocol, glovebox.NetMethod,
	glovebox.NetBudget, glovebox.NetNarrowed, glovebox.NetLimit, glovebox.NetFailed,
}

// reasonOf is the value of the label: a node's word only if it is one of ours.
func reasonOf(s string) string {
	if slices.Contains(netReasons, s) {
		return s
	}
	return "other"
}
