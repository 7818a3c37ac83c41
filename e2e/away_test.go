package e2e

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"glovebox/e2e/box"
)

// awayEnd is what a script comes to while no service is there, whatever the
// runtime.
type awayEnd struct {
	flags     []string
	script    string
	end       string
	code      int
	output    string // not looked at if empty
	untilGone bool   // the sandbox ends before the next start
}

// holds leaves a job alone and checks what the next start tells of it. gone says
// that nothing of the job runs; told waits for its end.
func (c awayEnd) holds(t *testing.T, b *box.Box, id string, gone func() bool, told func(*testing.T, *box.Box, string) handed) {
	t.Helper()
	leave(t, b)
	if c.untilGone {
		waitFor(t, 20*time.Second, gone)
		b.NoResidue()
	} else {
		time.Sleep(5 * time.Second)
	}
	b.Start(handing...)
	j := told(t, b, id)
	if j.end() != c.end || c.end == "COMPLETED" && (j.Result == nil || j.Result.ExitCode != c.code) {
		t.Errorf("%+v, error %+v, result %+v", j, j.Error, j.Result)
	}
	r := b.Run("logs", id)
	if got := r.Stdout + r.Stderr; c.output != "" && got != c.output {
		t.Errorf("output of %d bytes: %.200q", len(got), got)
	}
	cleanWithin(t, b, 10*time.Second)
}

// attemptOne waits for a job's end and checks that it was its first attempt's.
func attemptOne(t *testing.T, b *box.Box, id string) handed {
	t.Helper()
	settle(t, b, []string{id})
	var j handed
	if err := json.Unmarshal([]byte(b.Must("show", "--json", id)), &j); err != nil {
		t.Fatal(err)
	}
	if j.Attempt != 1 {
		t.Errorf("job %s ended in attempt %d", id, j.Attempt)
	}
	return j
}

// streamsOn streams input to a job through two stops: it comes back byte for
// byte.
func streamsOn(t *testing.T, b *box.Box, flags ...string) {
	t.Helper()
	data := make([]byte, 8<<20)
	rng := rand.NewChaCha8([32]byte{2})
	_, _ = rng.Read(data)
	in := &slowReader{data: data, piece: 16 << 10, pause: 10 * time.Millisecond}
	done := make(chan box.Result)
	go func() {
		done <- b.RunIn(in, append(append([]string{"run"}, flags...), "busybox:test", "--", "cat")...)
	}()
	waitFor(t, 20*time.Second, func() bool { return strings.Contains(b.Must("jobs", "--json"), `"RUNNING"`) })
	for range 2 {
		leave(t, b)
		time.Sleep(300 * time.Millisecond)
		b.Start(handing...)
		time.Sleep(500 * time.Millisecond)
	}
	if r := <-done; r.Code != 0 || r.Stdout != string(data) {
		t.Errorf("exit %d, %d bytes of %d, equal %v: %s", r.Code, len(r.Stdout), len(data), r.Stdout == string(data), r.Stderr)
	}
	cleanWithin(t, b, 10*time.Second)
}
