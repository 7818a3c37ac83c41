package blobtest

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"glovebox"
)

// testOneWriterManyReaders: while one appends, what each reader gets is a
// beginning of the whole, of the size that Stat told before or longer.
func testOneWriterManyReaders(t *testing.T, b glovebox.Blobs) {
	whole := pattern(300_000)
	add(t, b, "k", 0, string(whole[:1]))
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for last := int64(0); !done.Load(); {
				info, err := b.Stat(background, "k")
				if err != nil || info.Size < last {
					t.Errorf("Stat = %+v, %v after size %d", info, err, last)
					return
				}
				last = info.Size
				if !readsBeginning(t, b, whole, last) {
					return
				}
			}
		})
	}
	for at := 1; at < len(whole); {
		n := min(at%1499+1, len(whole)-at)
		size, err := b.Append(background, "k", int64(at), whole[at:at+n])
		if err != nil {
			t.Errorf("Append: %v", err)
			break
		}
		at = int(size)
	}
	seal(t, b, "k")
	done.Store(true)
	wg.Wait()
	if read(t, b, "k", 0) != string(whole) {
		t.Fatal("the whole is not what was appended")
	}
}

func readsBeginning(t *testing.T, b glovebox.Blobs, whole []byte, atLeast int64) bool {
	r, err := b.Open(background, "k", 0)
	if err != nil {
		t.Errorf("Open: %v", err)
		return false
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || int64(len(got)) < atLeast || !bytes.HasPrefix(whole, got) {
		t.Errorf("read %d bytes, %v; want a beginning of at least %d", len(got), err, atLeast)
		return false
	}
	return true
}

// testManyWriters: objects do not disturb each other, however many are open.
func testManyWriters(t *testing.T, b glovebox.Blobs) {
	const writers, objects, rounds = 4, 80, 5
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for round := range rounds {
				for i := range objects {
					key := fmt.Sprintf("w%d/o%d", w, i)
					data := fmt.Sprintf("%d.%d.%d;", w, i, round%10)
					if _, err := b.Append(background, key, int64(round*len(data)), []byte(data)); err != nil {
						t.Errorf("Append %s: %v", key, err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	for w := range writers {
		for i := range objects {
			want := ""
			for round := range rounds {
				want += fmt.Sprintf("%d.%d.%d;", w, i, round%10)
			}
			if got := read(t, b, fmt.Sprintf("w%d/o%d", w, i), 0); got != want {
				t.Fatalf("w%d/o%d is %q, want %q", w, i, got, want)
			}
		}
	}
}

// testRacingRepeats: two that append the same bytes at the same offsets (one took
// the other for dead) end up with these bytes once.
func testRacingRepeats(t *testing.T, b glovebox.Blobs) {
	whole := pattern(50_000)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for at := 0; at < len(whole); at += 1000 {
				size, err := b.Append(background, "k", int64(at), whole[at:at+1000])
				if err != nil || size < int64(at+1000) {
					t.Errorf("Append at %d = %d, %v", at, size, err)
					return
				}
			}
			if err := b.Seal(background, "k"); err != nil {
				t.Errorf("Seal: %v", err)
			}
		})
	}
	wg.Wait()
	wantInfo(t, b, "k", int64(len(whole)), true)
	if read(t, b, "k", 0) != string(whole) {
		t.Fatal("not the bytes that were appended")
	}
}

// testListWhileChanging: keys that are there throughout are listed, once each and
// in order, whatever else happens; the callback may call back.
func testListWhileChanging(t *testing.T, b glovebox.Blobs) {
	for i := range 50 {
		add(t, b, fmt.Sprintf("d%d/stays", i), 0, "x")
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			key := fmt.Sprintf("d%d/comes-and-goes", i%50)
			_, err := b.Append(background, key, 0, []byte("y"))
			if err == nil {
				err = b.Delete(background, key)
			}
			if err == nil && i < 50 {
				err = b.Seal(background, fmt.Sprintf("d%d/stays", i))
			}
			if err != nil {
				t.Errorf("change %d: %v", i, err)
				return
			}
		}
	})
	for range 20 {
		stays, last := 0, ""
		err := b.List(background, "d", func(key string, _ glovebox.BlobInfo) error {
			if key <= last {
				return fmt.Errorf("%q listed after %q", key, last)
			}
			if last = key; bytes.HasSuffix([]byte(key), []byte("/stays")) {
				stays++
				_, err := b.Stat(background, key)
				return err
			}
			return nil
		})
		if err != nil || stays != 50 {
			t.Errorf("List: %v; %d of 50 that stay", err, stays)
			break
		}
	}
	close(stop)
	wg.Wait()
}
