package shimtest

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"
)

// One line for each command that may have run: this is what is counted when
// somebody wants to know whether a job ran twice.
func TestStartIsLoggedOnce(t *testing.T) {
	s := StartShim(t)
	k := s.NewTask(t, Job{Args: []string{"/bin/true"}})
	k.Create(t)
	if n := s.starts(t, k.ID); n != 0 {
		t.Errorf("%d lines before Start", n)
	}
	failed := make(chan error, 4)
	for range cap(failed) {
		go func() { failed <- k.TryStart() }()
	}
	good := 0
	for range cap(failed) {
		if <-failed == nil {
			good++
		}
	}
	k.Wait(t)
	k.Delete(t)
	if n := s.starts(t, k.ID); n != 1 || good != 1 {
		t.Errorf("%d lines, %d starts", n, good)
	}
}

func (s *Shim) starts(t *testing.T, id string) (n int) {
	t.Helper()
	sc := bufio.NewScanner(strings.NewReader(s.Log()))
	for sc.Scan() {
		var line struct{ Level, Msg, ID string }
		must(t, json.Unmarshal(sc.Bytes(), &line))
		if line.Level == "INFO" && line.Msg == "starting the command" && line.ID == id {
			n++
		}
	}
	return n
}
