package warden

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func collect(t testing.TB, text string) Notes {
	t.Helper()
	dir := t.TempDir()
	if _, err := Prepare(dir, 1); err != nil {
		t.Fatal(err)
	}
	r, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	w, err := openNotes(map[string]any{keyNotes: dir + "/" + notesPipe})
	if err != nil {
		t.Fatal(err)
	}
	go r.Collect()
	for len(text) > 0 {
		n, err := w.WriteString(text[:min(len(text), 4096)])
		text = text[n:]
		if err != nil && err != unix.EAGAIN && !strings.Contains(err.Error(), "temporarily") {
			t.Fatal(err)
		}
	}
	w.Close()
	return r.Result()
}

func TestNotes(t *testing.T) {
	exit7 := unix.WaitStatus(7 << 8)
	for text, want := range map[string]Notes{
		"":                                     {},
		"denied\n":                             {Denied: 1},
		"denied\ndenied\n" + formatExit(exit7): {Denied: 2, Exited: true, Status: exit7},
		"exit 9\n":                             {Exited: true, Status: 9},
		"scratch 4096\n":                       {Scratch: 4096},
		// From here on: what only a compromised sentry would write.
		"exit 99999999\n":                      {},
		"exit -1\nexit x\nexit\n":              {},
		"scratch -5\nscratch\nscratch x\n":     {},
		"denied":                               {},
		strings.Repeat("x", 1<<16) + "\n":      {},
		strings.Repeat("denied\n", 3000):       {Denied: maxDenied},
		"\x00\xff\n\n\ndenied\nexit 256 256\n": {Denied: 1},
	} {
		if got := collect(t, text); got != want {
			t.Errorf("%.40q: %+v, want %+v", text, got, want)
		}
	}
}

func FuzzNotes(f *testing.F) {
	f.Add("denied\nexit 256\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := Reader{}
		for line := range strings.Lines(text) {
			r.take(line)
		}
		if r.notes.Denied < 0 || r.notes.Denied > maxDenied || uint32(r.notes.Status) > 0xffff {
			t.Errorf("%+v", r.notes)
		}
	})
}
