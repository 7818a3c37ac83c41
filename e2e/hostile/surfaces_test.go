package hostile

import (
	"encoding/json"
	"flag"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata from what is found")

func listenUnix(path string) (net.Listener, error) { return net.Listen("unix", path) }

// found is what the attacker found open.
type found struct{ Tried, Open, Powers []string }

func openSurfaces(t *testing.T, out string) found {
	t.Helper()
	var f found
	if err := json.Unmarshal([]byte(out), &f); err != nil || len(f.Tried) == 0 {
		t.Fatalf("surfaces: %v\n%.1000s", err, out)
	}
	return f
}

// surfaces notes what is open: a power is an attack that has worked. In our own
// runtimes nothing may be open that was not before.
func (s *stand) surfaces(t *testing.T, out string) {
	t.Helper()
	f := openSurfaces(t, out)
	s.countSurfaces(t, s.column, s.how, f)
	noneNew(t, filepath.Join("testdata", "surfaces-"+strings.ReplaceAll(s.column, " ", "-")+".txt"), f.Open)
}

func (g *ground) countSurfaces(t *testing.T, column, how string, f found) {
	t.Helper()
	g.sheet.Open(column, Surfaces{Open: len(f.Open), Tried: len(f.Tried)})
	for _, name := range f.Tried {
		g.note(t, Attempt{Family: 4, Column: column, Case: how + ": " + name, Succeeded: slices.Contains(f.Powers, name)})
	}
}

// compare holds that gVisor has fewer doors than what most would use.
func (g *ground) compare(t *testing.T) {
	t.Helper()
	ours, others := g.sheet.surfaces[GVisor], g.sheet.surfaces[Default]
	if ours.Tried == 0 {
		t.Error("no surfaces were looked for in gVisor")
	}
	if others.Tried > 0 && ours.Open >= others.Open {
		t.Errorf("gVisor has %d open surfaces, runc's default %d", ours.Open, others.Open)
	}
}

// noneNew holds that nothing is open that is not in the file, a name a line, or
// writes it with -update. A kernel without some of it is no worse.
func noneNew(t *testing.T, path string, open []string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(open, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; make it with -update", err)
	}
	known := strings.Split(strings.TrimSpace(string(kept)), "\n")
	for _, name := range open {
		if !slices.Contains(known, name) {
			t.Errorf("open, and not in %s: %s", path, name)
		}
	}
}
