package warden

import (
	"testing"

	"gvisor.dev/gvisor/pkg/sentry/arch"
	"gvisor.dev/gvisor/pkg/sentry/seccheck"
	_ "gvisor.dev/gvisor/pkg/sentry/syscalls/linux" // its table

	"glovebox/shim/seen"
)

func newWatcher(t testing.TB, full bool) *watcher {
	t.Helper()
	board, err := seen.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { board.Close() })
	notes, err := seen.Begin(int(board.Fd()), full)
	if err != nil {
		t.Fatal(err)
	}
	return &watcher{notes: notes, full: full, looks: looks(looksByName), failures: looks(failuresByName)}
}

// TestLooksExist: every name is one of gVisor's, so that none is looked for in
// vain when gVisor names it otherwise.
func TestLooksExist(t *testing.T) {
	names := map[string]bool{}
	for _, call := range hostTable().Table {
		names[call.Name] = true
	}
	for name := range looksByName {
		if !names[name] {
			t.Errorf("gVisor has no system call %q", name)
		}
	}
	for name := range failuresByName {
		if !names[name] {
			t.Errorf("gVisor has no system call %q", name)
		}
	}
	if CallName(uintptr(cloneNumber())) != "clone" {
		t.Errorf("clone is %d", cloneNumber())
	}
}

// TestSession: a job that is not watched has no point and no sink more.
func TestSession(t *testing.T) {
	var off, on seccheck.SessionConfig
	Watch{}.addTo(&off)
	if len(off.Points)+len(off.Sinks) != 0 {
		t.Errorf("%+v", off)
	}
	board, err := seen.New()
	if err != nil {
		t.Fatal(err)
	}
	defer board.Close()
	Watch{Board: board}.addTo(&on)
	if len(on.Points) != 1 || len(on.Sinks) != 1 {
		t.Errorf("%+v", on)
	}
}

// BenchmarkHook is what a system call costs more that is not looked at.
func BenchmarkHook(b *testing.B) {
	const getpid = 39
	for name, hook := range map[string]callHook{
		"off":     {noSpace: func() {}},
		"default": {noSpace: func() {}, watcher: newWatcher(b, false)},
		"full":    {noSpace: func() {}, watcher: newWatcher(b, true)},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				place := hook.SyscallEnter(nil, getpid, arch.SyscallArguments{}, 0)
				hook.SyscallExit(place, nil, getpid, 1, nil)
			}
		})
	}
}
