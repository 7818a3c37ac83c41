package claim

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glovebox/e2e/bench/rival"
	"glovebox/e2e/fixture"
)

// script stands in for the benchmark: it answers each claim by what it is about.
const script = `#!/bin/sh
test -s "$GLOVEBOX_CLAIMS/busybox" || exit 4
while read -r line <&3; do
	case $line in
	*cold*) echo '{"first":2.5,"exit":3,"destroy":1}' >&4 ;;
	*generic*) echo '{"skipped":"no pool yet"}' >&4 ;;
	*'"park":2'*) echo '{}' >&4 ;;
	*warm*) echo '{"error":"boom"}' >&4 ;;
	*) echo "cannot answer $line"; exit 3 ;;
	esac
done
`

func start(t *testing.T) (*Node, rival.Image) {
	t.Helper()
	img, err := rival.NewImage(t.TempDir(), fixture.Tree{"bin/echo": {Mode: 0o755, Data: []byte("x")}, "tmp": {Mode: fs.ModeDir | 0o777}}, rival.Image{Name: "busybox", Args: []string{"echo", "hi"}})
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "gbclaim")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	n, err := Start(program, "/bin", dir, []rival.Image{img})
	if err != nil {
		t.Fatal(err)
	}
	return n, img
}

func TestClaims(t *testing.T) {
	n, img := start(t)
	cold, err := n.Contestant("cold", img)
	if err != nil || cold.Skipped != "" {
		t.Fatalf("%+v, %v", cold, err)
	}
	taken, err := cold.Run(t.Context(), 0)
	if err != nil || taken.First != 2500*time.Microsecond || taken.Exit != 3*time.Millisecond || taken.Warm {
		t.Errorf("%+v, %v", taken, err)
	}
	if s := *n.Teardown[cold.Key]; len(s) != 1 || s[0] != 1 {
		t.Errorf("teardowns %v", s)
	}
	if c, err := n.Contestant("generic", img); err != nil || c.Skipped != "no pool yet" {
		t.Errorf("%q, %v", c.Skipped, err)
	}
	if c, err := n.Contestant("warm", img); err == nil || c.Skipped != "boom" {
		t.Errorf("%q, %v", c.Skipped, err)
	}
	if skipped, err := n.Park("template", img, 2); skipped != "" || err != nil {
		t.Errorf("%q, %v", skipped, err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(n.dir); err == nil {
		t.Error("the folder is there")
	}
}

// TestBroken: a benchmark that ends is an error, with what it said.
func TestBroken(t *testing.T) {
	n, img := start(t)
	if c, err := n.Contestant("template", img); err == nil || c.Skipped == "" {
		t.Errorf("%q, %v", c.Skipped, err)
	}
	if err := n.Close(); err == nil || !strings.Contains(err.Error(), "cannot answer") {
		t.Errorf("the error is %v", err)
	}
}
