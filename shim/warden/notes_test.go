package warden

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func collect(t testing.TB, all string) Notes {
	t.Helper()
	text := all
	r, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	w, err := openNotes(map[string]any{keyNotes: r.give})
	if err != nil {
		t.Fatal(err)
	}
	r.given()
	ends := 0
	go r.Collect(func(Notes) { ends++ })
	for len(text) > 0 {
		n, err := w.WriteString(text[:min(len(text), 4096)])
		text = text[n:]
		if err != nil && err != unix.EAGAIN && !strings.Contains(err.Error(), "temporarily") {
			t.Fatal(err)
		}
	}
	w.Close()
	n := r.Result()
	if want := n.Limited(); (ends == 1) != want || ends > 1 {
		t.Errorf("%.40q: told to end %d times, limited %v", all, ends, want)
	}
	return n
}

func TestNotes(t *testing.T) {
	for text, want := range map[string]Notes{
		"":                                 {},
		"denied\n":                         {Denied: 1},
		"scratch 4096\n":                   {Scratch: 4096},
		"scratch -5\nscratch\nscratch x\n": {},
		"denied\ndenied\n":                 {Denied: 2},
		"full bytes\n":                     {Full: FullBytes},
		"full inodes\nfull bytes\n":        {Full: FullInodes},
		"nothing left\n":                   {Left: LeftNothing},
		"nothing left\nleft\nover\n":       {Left: LeftSomething},
		// From here on: what only a compromised sentry would write.
		"exit 0\n":                             {},
		"full\nfull \nfull x\nfull bytes \n":   {},
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
	f.Add("over\nov|er\nleft\n|")
	f.Fuzz(func(t *testing.T, text string) {
		r := Reader{over: make(chan struct{})}
		for part := range strings.SplitSeq(text, "|") {
			r.feed([]byte(part))
		}
		if len(r.rest) > maxNote+1 {
			t.Errorf("it keeps %d bytes", len(r.rest))
		}
		if r.notes.Denied < 0 || r.notes.Denied > maxDenied {
			t.Errorf("%+v", r.notes)
		}
	})
}
