package storetest

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
)

// testCrash copies the store's files while it is being written and opens the
// copy, which must hold every write that was acknowledged before the copying
// began.
func testCrash(t *testing.T, open OpenIn) {
	ctx := context.Background()
	dir := t.TempDir()
	s := open(t, dir)
	var mu sync.Mutex
	acknowledged := map[string]int64{} // versions by id
	var gate sync.RWMutex              // held for reading by a writer at work
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				gate.RLock()
				job, _, err := s.CreateJob(ctx, numbered(alice, i*100_000+n), nil)
				if err == nil && n%2 == 1 {
					job, err = s.UpdateJob(ctx, job, glovebox.Durable)
				}
				gate.RUnlock()
				if err != nil {
					t.Errorf("write: %v", err)
					return
				}
				mu.Lock()
				acknowledged[job.ID] = job.Version
				mu.Unlock()
				select {
				case <-stop:
					return
				case <-time.After(2 * time.Millisecond): // let the copy get a word in
				}
			}
		})
	}
	for range 5 {
		time.Sleep(15 * time.Millisecond)
		var want map[string]int64
		copied := snapshot(t, dir, &gate, func() {
			mu.Lock()
			defer mu.Unlock()
			want = maps.Clone(acknowledged)
		})
		checkCrashed(t, open, copied, want)
	}
	close(stop)
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func checkCrashed(t *testing.T, open OpenIn, dir string, want map[string]int64) {
	t.Helper()
	s := open(t, dir)
	for id, version := range want {
		if got := get(t, s, id); got.Version < version {
			t.Errorf("%s is at version %d, and %d was acknowledged", id, got.Version, version)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// snapshot copies a folder of files that grow at their ends while it is at it.
// A copy of several files is not of one instant; but if afterwards each file
// still begins with what was copied, then nothing but appending went on, and
// the copy is what a crash would have left. If not it is made again, at last
// between two writes: a store may well write over the parts of its files that
// it no longer needs. Files named *-shm are shared memory, which no store can
// rely on after a crash.
func snapshot(t *testing.T, dir string, gate *sync.RWMutex, before func()) string {
	t.Helper()
	const tries = 5
	for n := range tries {
		if n == tries-1 {
			gate.Lock()
			defer gate.Unlock()
		}
		before()
		files := readAll(t, dir)
		if !unmoved(files, readAll(t, dir)) {
			continue
		}
		out := t.TempDir()
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(out, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	t.Fatal("the files change although nobody writes")
	return ""
}

func readAll(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir) // sorted: a log named after its file comes later
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = content
	}
	return files
}

func unmoved(before, after map[string][]byte) bool {
	if len(before) != len(after) {
		return false
	}
	for name, content := range before {
		now, ok := after[name]
		if !ok || !strings.HasSuffix(name, "-shm") && !bytes.HasPrefix(now, content) {
			return false
		}
	}
	return true
}
