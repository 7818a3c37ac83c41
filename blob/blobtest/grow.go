package blobtest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"glovebox"
)

func testAppend(t *testing.T, b glovebox.Blobs) {
	add(t, b, "out/job/stdout", 0, "hello ")
	wantInfo(t, b, "out/job/stdout", 6, false)
	add(t, b, "out/job/stdout", 6, "world")
	if got := read(t, b, "out/job/stdout", 0); got != "hello world" {
		t.Fatalf("read %q", got)
	}
	add(t, b, "nothing", 0, "")
	wantInfo(t, b, "nothing", 0, false)
	big := string(pattern(2<<20 + 5))
	add(t, b, "big", 0, big[:1<<20])
	add(t, b, "big", 1<<20, big[1<<20:])
	if read(t, b, "big", 0) != big {
		t.Fatal("reads something else than was appended")
	}
	ctx, cancel := context.WithCancel(background)
	cancel()
	if _, err := b.Append(ctx, "late", 0, []byte("x")); !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v, want the context's", err)
	}
}

// testAppendRepeats: "If the object already has those bytes' range (a repeat
// after a lost reply) it does nothing." A range of which it has only the first
// part is that of a write cut short by a crash: the rest is appended.
func testAppendRepeats(t *testing.T, b glovebox.Blobs) {
	add(t, b, "k", 0, "0123456789")
	for _, again := range []struct {
		offset int64
		data   string
	}{{0, "0123456789"}, {0, "012"}, {3, "345"}, {7, "789"}, {10, ""}, {4, ""}, {0, ""}} {
		if n, err := b.Append(background, "k", again.offset, []byte(again.data)); n != 10 || err != nil {
			t.Fatalf("repeat of %q at %d = %d, %v; want 10", again.data, again.offset, n, err)
		}
	}
	if n, err := b.Append(background, "k", 8, []byte("89ab")); n != 12 || err != nil {
		t.Fatalf("append with the first half known = %d, %v; want 12", n, err)
	}
	seal(t, b, "k")
	if n, err := b.Append(background, "k", 6, []byte("678")); n != 12 || err != nil {
		t.Fatalf("repeat after sealing = %d, %v; want 12", n, err)
	}
	if got := read(t, b, "k", 0); got != "0123456789ab" {
		t.Fatalf("read %q", got)
	}
}

// testAppendConflicts: "A gap, or a sealed object that would grow, is
// KindConflict. It returns the size now, also with KindConflict."
func testAppendConflicts(t *testing.T, b glovebox.Blobs) {
	n, err := b.Append(background, "absent", 3, []byte("x"))
	wantKind(t, err, glovebox.KindConflict, "append behind the end of nothing")
	if n != 0 {
		t.Fatalf("size of an absent object is %d", n)
	}
	_, err = b.Stat(background, "absent")
	wantKind(t, err, glovebox.KindNotFound, "Stat after a refused append")

	add(t, b, "k", 0, "abc")
	for _, data := range []string{"x", ""} {
		n, err = b.Append(background, "k", 4, []byte(data))
		wantKind(t, err, glovebox.KindConflict, "append with a gap")
		if n != 3 {
			t.Fatalf("size with a gap is %d, want 3", n)
		}
	}
	n, err = b.Append(background, "k", -1, []byte("x"))
	wantKind(t, err, glovebox.KindInvalid, "append at -1")
	if n != 0 {
		t.Fatalf("size at -1 is %d", n)
	}
	if got := read(t, b, "k", 0); got != "abc" {
		t.Fatalf("refused appends left %q", got)
	}
}

// testAppendCopies: the caller may use p again.
func testAppendCopies(t *testing.T, b glovebox.Blobs) {
	p := []byte("first")
	add(t, b, "k", 0, string(p))
	if _, err := b.Append(background, "k", 5, p); err != nil {
		t.Fatal(err)
	}
	copy(p, "XXXXX")
	if got := read(t, b, "k", 0); got != "firstfirst" {
		t.Fatalf("read %q", got)
	}
}

// testSealedIsFinal: "A sealed object never changes", however it came about.
func testSealedIsFinal(t *testing.T, b glovebox.Blobs) {
	put(t, b, "put", "abc")
	add(t, b, "grown", 0, "abc")
	seal(t, b, "grown")
	for _, key := range []string{"put", "grown"} {
		for _, offset := range []int64{3, 2, 9} {
			n, err := b.Append(background, key, offset, []byte("xyz"))
			wantKind(t, err, glovebox.KindConflict, "append to a sealed object")
			if n != 3 {
				t.Fatalf("size is %d, want 3", n)
			}
		}
		_, err := b.Put(background, key, strings.NewReader("other"))
		wantKind(t, err, glovebox.KindConflict, "put to a sealed object")
		wantInfo(t, b, key, 3, true)
		if got := read(t, b, key, 0); got != "abc" {
			t.Fatalf("sealed object became %q", got)
		}
	}
}

// testSeal: "sealing twice is fine. An absent one is created empty."
func testSeal(t *testing.T, b glovebox.Blobs) {
	add(t, b, "k", 0, "abc")
	for range 3 {
		seal(t, b, "k")
		wantInfo(t, b, "k", 3, true)
	}
	put(t, b, "p", "x")
	seal(t, b, "p")
	seal(t, b, "new/empty")
	wantInfo(t, b, "new/empty", 0, true)
	_, err := b.Append(background, "new/empty", 0, []byte("x"))
	wantKind(t, err, glovebox.KindConflict, "append to an empty sealed object")
}
