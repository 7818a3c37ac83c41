package shimtest

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// do is a request without arguments.
func do(what string) map[string]any { return map[string]any{"do": what} }

// Left behind, the shim keeps what it was told to and its deadline; taken over,
// it tells what happened, and ends with who attends.
func TestLeftBehind(t *testing.T) {
	s := StartShim(t)
	s.Kill()
	s.StartWith(t, s.KeeperFlags()...)
	late := sleeper
	late.Annotations = map[string]string{"dev.glovebox.timeout": "2s"}
	tasks := map[string]*Task{}
	for name, job := range map[string]Job{"late": late, "kept": sleeper, "dropped": sleeper, "prepared": sleeper} {
		k := s.NewTask(t, job)
		k.Create(t)
		if name != "prepared" {
			k.Start(t)
			<-k.Stdout.First
		}
		tasks[name] = k
	}
	k := s.Keeper(t)
	if a := k.Ask(t, do("state"), nil); a["unattended"] != false || a["protocol"] != 2.0 || len(a["sandboxes"].([]any)) != 4 {
		t.Errorf("state %v", a)
	}
	if a := k.Ask(t, do("attend"), os.Stderr); !strings.Contains(a["error"].(string), "somebody attends") {
		t.Errorf("a second one who attends: %v", a)
	}
	if a := k.Ask(t, do("dance"), nil); a["error"] == nil {
		t.Errorf("an unknown request: %v", a)
	}
	stay := map[string]any{"do": "stay", "keep": []string{tasks["late"].ID, tasks["kept"].ID}}
	if a := k.Ask(t, stay, nil); a["unattended"] != true || len(a["sandboxes"].([]any)) != 2 {
		t.Errorf("stay %v", a)
	}
	if a := k.Ask(t, stay, nil); a["error"] == nil {
		t.Errorf("a second stay: %v", a)
	}
	k.Close()
	if got := tasks["late"].Wait(t); got != 128+15 && got != 128+9 {
		t.Errorf("status %d at the deadline", got)
	}
	if r := tasks["late"].Report(t); r["timedOut"] != true {
		t.Errorf("report %v", r)
	}

	k = s.Keeper(t)
	if a := k.Ask(t, do("attend"), nil); a["error"] == nil {
		t.Errorf("attending without a log: %v", a)
	}
	read, write, err := os.Pipe()
	must(t, err)
	defer read.Close()
	if a := k.Ask(t, do("attend"), write); a["unattended"] != false {
		t.Errorf("attend %v", a)
	}
	write.Close()
	tasks["late"].Delete(t)
	if a := k.Ask(t, do("state"), nil); len(a["sandboxes"].([]any)) != 1 {
		t.Errorf("state %v", a)
	}
	k.Close() // and so the shim ends
	log, err := io.ReadAll(read)
	must(t, err)
	for _, words := range []string{"the time is over", "attended to again"} {
		if !strings.Contains(string(log), words) {
			t.Errorf("the log does not say %q:\n%s", words, log)
		}
	}
	for end := time.Now().Add(2 * time.Second); len(s.cgroupProcs()) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still alive: %v", s.Residue())
		}
	}
	s.Kill()
	s.Start(t)
}

// A deadline is nobody's but the agent's while there is one.
func TestDeadlineWhileAttended(t *testing.T) {
	s := StartShim(t)
	k := s.NewTask(t, Job{Args: []string{"/bin/sh", "-c", "sleep 1; exit 4"}, Annotations: map[string]string{"dev.glovebox.timeout": "100ms"}})
	k.Create(t)
	k.Start(t)
	if got := k.Wait(t); got != 4 {
		t.Errorf("status %d", got)
	}
	k.Delete(t)
	for _, wrong := range []string{"soon", "-1s", "0s"} {
		if err := s.NewTask(t, Job{Args: []string{"/bin/true"}, Annotations: map[string]string{"dev.glovebox.timeout": wrong}}).TryCreate(); err == nil {
			t.Errorf("a time-out of %q was accepted", wrong)
		}
	}
}
