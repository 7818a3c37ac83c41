package agent

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestKept: what must outlive the sandboxes' folders, which may be in memory, is
// not in them, and goes with the sandbox.
func TestKept(t *testing.T) {
	dir := t.TempDir()
	unlock, err := takeDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	f := folder{filepath.Join(VolatileIn(dir), "j1-1")}
	if err := f.open(); err != nil {
		t.Fatal(err)
	}
	if _, ok := f.started(); ok {
		t.Error("started before it is")
	}
	for _, name := range spooled {
		if err := os.WriteFile(f.file(name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mark := startRecord{Boot: "b", At: time.Now().UTC().Round(0), From: "cold"}
	if err := f.writeStarted(mark); err != nil {
		t.Fatal(err)
	}
	if got, ok := f.started(); !ok || got != mark {
		t.Errorf("started: %+v, %v", got, ok)
	}

	// A power cut takes the folder.
	if err := os.RemoveAll(f.path); err != nil {
		t.Fatal(err)
	}
	if got, ok := f.started(); !ok || got.Boot != "" {
		t.Errorf("without its folder: %+v, %v; want a start on no known boot", got, ok)
	}
	if ids := keptIDs(dir); len(ids) != 1+len(spooled)+1 || ids[1] != "j1-1" {
		t.Errorf("kept: %q", ids)
	}
	if err := f.open(); err != nil {
		t.Fatal(err)
	}
	for _, name := range spooled {
		if b, err := os.ReadFile(f.file(name)); string(b) != name {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}

	// To be made again, it must not count as started.
	if err := f.clear(); err != nil {
		t.Fatal(err)
	}
	if _, ok := f.started(); ok {
		t.Error("started after it was cleared")
	}
	if err := f.writeStarted(mark); err != nil {
		t.Fatal(err)
	}
	if err := f.remove(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Join(dir, dirKept))
	if err != nil || len(left) != 1 || left[0].Name() != markerFile {
		t.Errorf("left after its removal: %v, %v", left, err)
	}
}

// TestEarlierVersion: what an agent before dirKept has left is found.
func TestEarlierVersion(t *testing.T) {
	dir := t.TempDir()
	unlock, err := takeDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	f := folder{filepath.Join(VolatileIn(dir), "j1-1")}
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{fileStarted: `{"boot":"b"}`, spooled[0]: "out"} {
		if err := os.WriteFile(f.file(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.open(); err != nil {
		t.Fatal(err)
	}
	if got, ok := f.started(); !ok || got.Boot != "b" {
		t.Errorf("started: %+v, %v", got, ok)
	}
	if b, err := os.ReadFile(f.file(spooled[0])); string(b) != "out" {
		t.Errorf("spool: %q, %v", b, err)
	}
}

func TestPauseAfter(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{
		0: lookPause, 3 * time.Millisecond: lookPause, 10 * time.Millisecond: 300 * time.Millisecond, time.Second: maxLookPause,
	} {
		if got := pauseAfter(took); got != want {
			t.Errorf("%s after a look of %s, want %s", got, took, want)
		}
	}
}
