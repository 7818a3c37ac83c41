package blobtest

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"glovebox"
)

func testPut(t *testing.T, b glovebox.Blobs) {
	put(t, b, "dir/empty", "")
	wantInfo(t, b, "dir/empty", 0, true)
	big := string(pattern(3<<20 + 17))
	put(t, b, "dir/big", big)
	wantInfo(t, b, "dir/big", int64(len(big)), true)
	if read(t, b, "dir/big", 0) != big {
		t.Fatal("reads something else than was put")
	}
}

// testPutExisting: "Put to an existing key is KindConflict", sealed or open, and
// what is there stays.
func testPutExisting(t *testing.T, b glovebox.Blobs) {
	put(t, b, "sealed", "one")
	add(t, b, "open", 0, "one")
	for _, key := range []string{"sealed", "open"} {
		_, err := b.Put(background, key, strings.NewReader("two!"))
		wantKind(t, err, glovebox.KindConflict, "Put to a key that exists")
		if got := read(t, b, key, 0); got != "one" {
			t.Fatalf("%s was replaced by %q", key, got)
		}
	}
	wantInfo(t, b, "open", 3, false)
}

// testPutKeepsNothing: "If r fails, its error is returned as it is and nothing is
// kept."
func testPutKeepsNothing(t *testing.T, b glovebox.Blobs) {
	broken := errors.New("broken reader")
	r := io.MultiReader(strings.NewReader(string(pattern(1<<20))), iotest.ErrReader(broken))
	if _, err := b.Put(background, "k", r); !errors.Is(err, broken) {
		t.Fatalf("error is %v, want the reader's", err)
	}
	kind := glovebox.Errorf(glovebox.KindImageCorrupt, "not the digest")
	if _, err := b.Put(background, "k", iotest.ErrReader(kind)); err != error(kind) {
		t.Fatalf("error is %v, want the reader's as it is", err)
	}
	_, err := b.Stat(background, "k")
	wantKind(t, err, glovebox.KindNotFound, "Stat after a failed Put")
	if keys := keysOf(t, b, ""); len(keys) != 0 {
		t.Fatalf("a failed Put left %q", keys)
	}
	put(t, b, "k", "now it works")
}

func testPutCancelled(t *testing.T, b glovebox.Blobs) {
	ctx, cancel := context.WithCancel(background)
	r := io.MultiReader(strings.NewReader("some"), readerFunc(func([]byte) (int, error) {
		cancel()
		return 0, ctx.Err()
	}))
	if _, err := b.Put(ctx, "k", r); !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v, want the context's", err)
	}
	_, err := b.Stat(background, "k")
	wantKind(t, err, glovebox.KindNotFound, "Stat after a cancelled Put")
}

// testPutIsAtomic: "readers see nothing or all".
func testPutIsAtomic(t *testing.T, b glovebox.Blobs) {
	half, finish := make(chan struct{}), make(chan struct{})
	r := io.MultiReader(strings.NewReader("first half, "), readerFunc(func([]byte) (int, error) {
		close(half)
		<-finish
		return 0, io.EOF
	}), strings.NewReader("second half"))
	done := make(chan error)
	go func() { _, err := b.Put(background, "k", r); done <- err }()
	<-half
	_, err := b.Stat(background, "k")
	wantKind(t, err, glovebox.KindNotFound, "Stat during Put")
	_, err = b.Open(background, "k", 0)
	wantKind(t, err, glovebox.KindNotFound, "Open during Put")
	if keys := keysOf(t, b, ""); len(keys) != 0 {
		t.Fatalf("a Put under way is listed: %q", keys)
	}
	close(finish)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := read(t, b, "k", 0); got != "first half, second half" {
		t.Fatalf("read %q", got)
	}
}

// testPutRace: of many Puts to a key one wins and the others are told.
func testPutRace(t *testing.T, b glovebox.Blobs) {
	var won atomic.Int32
	var winner atomic.Value
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			data := strings.Repeat(string(rune('a'+i)), 10_000)
			_, err := b.Put(background, "k", strings.NewReader(data))
			switch {
			case err == nil:
				won.Add(1)
				winner.Store(data)
			case glovebox.KindOf(err) != glovebox.KindConflict:
				t.Errorf("Put: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || read(t, b, "k", 0) != winner.Load() {
		t.Fatalf("%d of the Puts succeeded", won.Load())
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
