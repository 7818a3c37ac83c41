package main

import (
	"syscall"
	"testing"
	"time"
)

func TestInterrupts(t *testing.T) {
	// Not SIGHUP, which is ignored where the tests run under nohup(1).
	w := watchInterrupts(t.Context(), syscall.SIGUSR1)
	defer w.stop()
	kill := func(s syscall.Signal) {
		t.Helper()
		if err := syscall.Kill(syscall.Getpid(), s); err != nil {
			t.Fatal(err)
		}
	}
	kill(syscall.SIGUSR1)
	<-w.first.Done()
	kill(syscall.SIGTERM) // the echo of the first
	time.Sleep(echo + 100*time.Millisecond)
	if w.detached() {
		t.Fatal("an echo was taken for a second signal")
	}
	kill(syscall.SIGINT)
	select {
	case <-w.second.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("the second signal was not noticed")
	}
}
