package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// slow is a reader that gives its words one by one, with a pause before each.
func slow(pause time.Duration, words ...string) io.Reader {
	r, w := io.Pipe()
	go func() {
		for _, word := range words {
			time.Sleep(pause)
			_, _ = w.Write([]byte(word))
		}
		w.Close()
	}()
	return r
}

func TestPeekInput(t *testing.T) {
	long := strings.Repeat("x", peekSize+1)
	for _, c := range []struct {
		name   string
		in     io.Reader
		want   string
		inline bool
	}{
		{"empty", strings.NewReader(""), "", true},
		{"short", strings.NewReader("short"), "short", true},
		{"in pieces", slow(0, "a", "b", "c"), "abc", true},
		{"byte by byte", iotest.OneByteReader(strings.NewReader("bytes")), "bytes", true},
		{"late", slow(3*patience, "a", "b"), "ab", false},
		{"long", strings.NewReader(long), long, false},
	} {
		got := peekInput(c.in)
		if (got.more == nil) != c.inline {
			t.Errorf("%s: inline is %v", c.name, got.more == nil)
		}
		all := bytes.NewBuffer(got.whole)
		if got.more != nil {
			if _, err := all.ReadFrom(got.more); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if all.String() != c.want {
			t.Errorf("%s: %d bytes, want %d", c.name, all.Len(), len(c.want))
		}
	}
	broken := peekInput(iotest.ErrReader(errors.New("unplugged")))
	if _, err := io.ReadAll(broken.more); err == nil || err.Error() != "unplugged" {
		t.Errorf("broken: %v", err)
	}
}
