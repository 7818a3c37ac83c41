package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
)

// TestSnapshot: a copy that is made while others write is of one instant: each
// writer's writes are there up to one of them, all that were acknowledged before
// among them, and the chain of events has no gap.
func TestSnapshot(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path)
	const writers = 4
	var mu sync.Mutex
	done := make([]int, writers)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, _, err := s.CreateJob(ctx, newJob(fmt.Sprintf("%d-%04d", w, n)), nil, event(fmt.Sprintf("%d-%04d", w, n))); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				done[w] = n + 1
				mu.Unlock()
			}
		})
	}
	for round := range 4 {
		time.Sleep(20 * time.Millisecond) // some writes; how many does not matter
		mu.Lock()
		before := append([]int{}, done...)
		mu.Unlock()
		to := filepath.Join(t.TempDir(), "copy.db")
		version, err := Snapshot(ctx, path, to)
		if err != nil || version != SchemaVersion() {
			t.Fatalf("version %d, %v", version, err)
		}
		checkCopy(t, to, before, round)
	}
	close(stop)
	wg.Wait()
}

func checkCopy(t *testing.T, path string, least []int, round int) {
	t.Helper()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info.Mode(), err)
	}
	if version, err := Check(ctx, path); err != nil || version != SchemaVersion() {
		t.Errorf("check: %d, %v", version, err)
	}
	c, err := OpenCopy(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for w := range least {
		n := 0
		for ; ; n++ {
			found, err := c.HasJob(ctx, fmt.Sprintf("%d-%04d", w, n))
			if err != nil {
				t.Fatal(err)
			}
			if !found {
				break
			}
		}
		if n < least[w] {
			t.Errorf("round %d: writer %d has %d jobs, and %d were acknowledged", round, w, n, least[w])
		}
		total += n
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	s := openTest(t, path)
	if got := len(allEvents(t, s)); got != total {
		t.Errorf("round %d: %d events of %d jobs", round, got, total)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func allEvents(t *testing.T, s *Store) (all []glovebox.AuditEvent) {
	t.Helper()
	for {
		f := glovebox.AuditFilter{Tenant: "alice", Limit: 1000}
		if len(all) > 0 {
			f.After = all[len(all)-1].Seq
		}
		page, err := s.AuditEvents(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, page...); len(page) < 1000 {
			break
		}
	}
	if err := glovebox.VerifyChain(all); err != nil {
		t.Error(err)
	}
	return all
}

// TestSnapshotForgets: what was deleted is not in the copy.
func TestSnapshotForgets(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path)
	const canary = "canary-77f0"
	for _, w := range []glovebox.Write{{Kind: "k", Key: "a", Value: []byte(strings.Repeat(canary, 100))}, {Kind: "k", Key: "a", If: glovebox.IfAny}} {
		if err := s.Commit(ctx, []glovebox.Write{w}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "copy.db")
	if _, err := Snapshot(ctx, path, to); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]bool{path: true, to: false} {
		text, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(text), canary) != want {
			t.Errorf("%s has it: %v, %v", filepath.Base(file), !want, err)
		}
	}
}

// TestSnapshotRefused: an error leaves no copy, and says what it is about.
func TestSnapshotRefused(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	garbage := at("garbage")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("garbage ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := at("newer")
	if err := openTest(t, newer).Close(); err != nil {
		t.Fatal(err)
	}
	execFile(t, newer, fmt.Sprintf("PRAGMA user_version = %d", len(migrations)+1))
	for path, word := range map[string]string{at("absent"): "cannot be opened", garbage: "not a store", newer: "upgrade"} {
		_, err := Snapshot(ctx, path, at("copy"))
		wantUnavailable(t, err, word)
		if _, err := os.Stat(at("copy")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a copy was left: %v", word, err)
		}
		_, err = Check(ctx, path)
		wantUnavailable(t, err, word)
	}
	whole := at("whole")
	if err := openTest(t, whole).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Snapshot(ctx, whole, garbage); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Errorf("over a file: %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Snapshot(ended, whole, at("copy")); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
}
