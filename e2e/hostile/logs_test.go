package hostile

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"glovebox/e2e/box"

	"golang.org/x/sys/unix"
)

// logs is family 7.
func (s *stand) logs(t *testing.T) {
	for i, c := range []struct{ name, word string }{{"flood", "flood"}, {"one long line", "line"}} {
		s.parked(t)
		label, agent, control := fmt.Sprintf("log=%s-%d", s.how, i), s.rss("agent"), s.rss("control")
		r := s.b.Run(append(append([]string{"run", "--label", label, "--output-limit", "8m"}, s.args...), "attacker:test", "--", "/attacker", c.word, "-most", "100")...)
		job := shown(t, s.b, label)
		kept := job.Output.Stdout + job.Output.Stderr
		grown := max(s.rss("agent")-agent, s.rss("control")-control)
		s.note(t, Attempt{
			Family: 7, Column: s.column, Case: s.how + ": " + c.name,
			Succeeded: job.Reason != "output_limit" || !job.Output.Truncated || kept > 8<<20+4096 || len(r.Stdout) > 8<<20+4096 || grown > 32<<20,
			Detail:    fmt.Sprintf("ended as %q, kept %d bytes, grown by %d", job.Reason, kept, grown),
		})
		free := s.free(t, c.word, "-most", "16")
		s.sheet.Control("log: "+c.name, len(free) > 15<<20)
	}
	s.escapes(t)
	s.forged(t)
}

// harmful is what must not reach a terminal. A carriage return may: a line can
// write over itself, and nothing else.
var harmful = map[string]string{
	"escape": "\x1b[", "title": "\x1b]0;", "clipboard": "\x1b]52;", "NUL": "\x00", "C1": "\x9b31m", "direction": "\u202e", "bad UTF-8": "\xff\xfe",
}

// escapes shows a hostile log on a terminal, and in the raw as a control.
func (s *stand) escapes(t *testing.T) {
	label := "log=odd-" + s.how
	s.parked(t)
	s.b.Must(append(append([]string{"run", "--label", label}, s.args...), "attacker:test", "--", "/attacker", "odd")...)
	var jobs []struct {
		ID string `json:"jobID"`
	}
	if err := json.Unmarshal([]byte(s.b.Must("jobs", "--json", "--label", label)), &jobs); err != nil || len(jobs) != 1 {
		t.Fatal(err)
	}
	safe, raw := onTerminal(t, s.b, "logs", jobs[0].ID), onTerminal(t, s.b, "logs", "--raw", jobs[0].ID)
	if !strings.Contains(safe, "plain") {
		t.Errorf("the terminal shows nothing: %q", safe)
	}
	for name, bytes := range harmful {
		s.note(t, Attempt{Family: 7, Column: s.column, Case: s.how + ": on a terminal: " + name, Succeeded: strings.Contains(safe, bytes)})
		s.sheet.Control("log on a terminal: "+name, strings.Contains(raw, bytes))
	}
}

// forged looks whether what a job prints can be taken for what we say of it.
func (s *stand) forged(t *testing.T) {
	s.parked(t)
	out := s.b.Must(append(append([]string{"run", "--json"}, s.args...), "attacker:test", "--", "/attacker", "odd")...)
	d := json.NewDecoder(strings.NewReader(out))
	var one struct {
		Stream string
		Logs   map[string]struct{ Text, Base64 string }
	}
	err := d.Decode(&one)
	more := d.Decode(&struct{}{}) != io.EOF
	s.note(t, Attempt{
		Family: 7, Column: s.column, Case: s.how + ": a line that looks like one of ours",
		Succeeded: err != nil || more || one.Stream != "" || len(one.Logs) != 2, Detail: fmt.Sprint(err, more, one.Stream),
	})
	s.sheet.Control("log: a line that looks like one of ours", strings.Contains(s.free(t, "odd"), "\n"+`{"stream":"stderr"`))
}

// onTerminal runs a command whose output is a terminal and returns what that got.
func onTerminal(t *testing.T, b *box.Box, args ...string) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile("/dev/pts/"+itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string)
	go func() {
		data, _ := io.ReadAll(master) // ends with an error when the other side is closed
		got <- string(data)
	}()
	cmd := b.Command(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = slave, slave
	err = cmd.Run()
	slave.Close()
	if err != nil {
		t.Errorf("%v: %v", args, err)
	}
	select {
	case text := <-got:
		return text
	case <-time.After(10 * time.Second):
		t.Fatal("the terminal does not end")
		return ""
	}
}
