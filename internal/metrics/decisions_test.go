package metrics_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"glovebox"
	"glovebox/internal/jobwatch"
	"glovebox/internal/metrics"
	"glovebox/store/memory"
)

// decided is what a job's network filter told: of each type, and of an end that
// is none of a connection's.
var decided = []glovebox.NetEvent{
	{Type: glovebox.NetDNS, Allowed: true, Name: "a.example.com"},
	{Type: glovebox.NetDNS, Name: "evil.example.com", Reason: glovebox.NetNoRule},
	{Type: glovebox.NetOpen, Allowed: true, Conn: 1},
	{Type: glovebox.NetOpen, Reason: glovebox.NetForbidden, Conn: 2},
	{Type: glovebox.NetRequest, Allowed: true, Conn: 1, Method: "GET", Path: "/"},
	{Type: glovebox.NetClose, Allowed: true, Conn: 1, Sent: 100, Got: 2000},
	{Type: glovebox.NetOpen, Allowed: true, Conn: 3, Missed: 4},
	{Type: glovebox.NetClose, Allowed: true, Conn: 3, Sent: 10, Got: 20, Reason: glovebox.NetBudget},
	{Type: glovebox.NetClose, Reason: glovebox.NetLimit, Missed: 7},
	{Type: glovebox.NetOpen, Reason: "evil words", Conn: 4},
	{Type: "evil words"},
}

var counted = []string{
	`glovebox_egress_decisions_total{allowed="true",reason="",type="dns"} 1`,
	`glovebox_egress_decisions_total{allowed="false",reason="no_rule",type="dns"} 1`,
	`glovebox_egress_decisions_total{allowed="true",reason="",type="open"} 2`,
	`glovebox_egress_decisions_total{allowed="false",reason="forbidden",type="open"} 1`,
	`glovebox_egress_decisions_total{allowed="false",reason="other",type="open"} 1`,
	`glovebox_egress_decisions_total{allowed="true",reason="",type="request"} 1`,
	`glovebox_egress_closed_total{reason=""} 1`, `glovebox_egress_closed_total{reason="budget"} 1`,
	`glovebox_egress_bytes_total{direction="sent"} 110`, `glovebox_egress_bytes_total{direction="received"} 2020`,
	`glovebox_egress_missed_total 11`,
}

// lines are events as a node ships them.
func lines(t *testing.T, events []glovebox.NetEvent) string {
	t.Helper()
	var b strings.Builder
	for _, e := range events {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// ship stores a text in pieces; each piece but the first begins so much before
// the end of the last one, as after a break.
func ship(t *testing.T, out jobwatch.Output, job string, attempt int, text string, piece, again int) {
	t.Helper()
	for at := 0; at < len(text); at += piece {
		from := max(0, at-again)
		if _, err := out.Append(t.Context(), job, attempt, "events", int64(from), []byte(text[from:min(at+piece, len(text))])); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDecisions: each is counted once, wherever its line was cut and however
// often it was sent, and none of its words but the known ones is a label.
func TestDecisions(t *testing.T) {
	text := lines(t, decided)
	for _, c := range []struct{ piece, again int }{{len(text), 0}, {1, 0}, {7, 0}, {7, 5}, {50, 120}, {len(text), len(text)}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			m := metrics.New(metrics.Config{})
			out := m.Output(pipe{})
			ship(t, out, "j1", 1, text, c.piece, c.again)
			ship(t, out, "j1", 1, text, len(text), 0) // all of it once more
			got := scrape(t, m)
			wants(t, got, counted...)
			if strings.Contains(got, "evil") {
				t.Error("a job's words are a label")
			}
		})
	}
}

// TestDecisionsOfAttempts: the next attempt's begin anew, jobs do not mix, other
// streams are none, and what was not stored is not counted.
func TestDecisionsOfAttempts(t *testing.T) {
	m := metrics.New(metrics.Config{})
	out := m.Output(pipe{})
	one := lines(t, decided[:1])
	ship(t, out, "j1", 1, one, 10, 0)
	ship(t, out, "j2", 1, one, 10, 0)
	ship(t, out, "j1", 2, one, 10, 3)
	if _, err := out.Append(t.Context(), "j1", 2, "stdout", 0, []byte(one)); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Output(full{}).Append(t.Context(), "j3", 1, "events", 0, []byte(one)); err == nil {
		t.Fatal("it was stored")
	}
	wants(t, scrape(t, m), `glovebox_egress_decisions_total{allowed="true",reason="",type="dns"} 3`)
}

type full struct{ pipe }

func (full) Append(context.Context, string, int, string, int64, []byte) (int64, error) {
	return 0, errors.New("full")
}

// TestDecisionsAfterRestart: a process that did not see the first part counts
// what it sees; the line in between is lost, and nothing is counted of noise.
func TestDecisionsAfterRestart(t *testing.T) {
	m := metrics.New(metrics.Config{})
	out := m.Output(pipe{})
	one := lines(t, decided[:1])
	store := func(offset int64, text string) {
		t.Helper()
		if _, err := out.Append(t.Context(), "j1", 1, "events", offset, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	store(1000, one[5:]+one)
	store(1000, one[5:]+one)
	store(1000+int64(2*len(one)-5), strings.Repeat("x", 100_000))
	store(1000+int64(2*len(one)-5)+100_000, "\n[]\n{}\n\n"+one)
	wants(t, scrape(t, m), `glovebox_egress_decisions_total{allowed="true",reason="",type="dns"} 2`)
}

// TestDecisionsAreForgotten: nothing is kept of a job whose output is sealed.
func TestDecisionsAreForgotten(t *testing.T) {
	m := metrics.New(metrics.Config{})
	s := jobwatch.New(nil, m).Store(memory.New())
	j := create(t, s, glovebox.Job{ID: glovebox.NewID("j"), Tenant: "acme", Status: glovebox.StatusRunning, Attempt: 1, CreatedAt: t0, Due: t0})
	ship(t, m.Output(pipe{}), j.ID, 1, lines(t, decided), 40, 0)
	if n := m.Reading(); n != 1 {
		t.Fatalf("%d jobs are read, want 1", n)
	}
	j.Status, j.Outcome, j.EndedAt = glovebox.StatusCompleted, glovebox.StatusCompleted, t0
	j = update(t, s, j)
	j.Output.Sealed = true
	update(t, s, j)
	if n := m.Reading(); n != 0 {
		t.Errorf("%d jobs are read still", n)
	}
}

// BenchmarkDecisions is what counting costs for each event.
func BenchmarkDecisions(b *testing.B) {
	line, err := json.Marshal(glovebox.NetEvent{At: t0, Type: glovebox.NetOpen, Allowed: true, Name: "api.example.com", Address: "192.0.2.1:443", Proto: "tls", Rule: "api.example.com:443", Conn: 7})
	if err != nil {
		b.Fatal(err)
	}
	out := metrics.New(metrics.Config{}).Output(pipe{})
	line = append(line, '\n')
	at := int64(0)
	for b.Loop() {
		if at, err = out.Append(b.Context(), "j1", 1, "events", at, line); err != nil {
			b.Fatal(err)
		}
	}
}
