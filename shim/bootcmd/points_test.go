package bootcmd

import (
	"maps"
	"sync"
	"testing"

	"gvisor.dev/gvisor/pkg/sentry/seccheck"
)

// The points listed here are those gVisor would list under the same names, and
// gVisor does not list its own any more.
func TestFewPoints(t *testing.T) {
	fewPoints()
	ours := maps.Clone(seccheck.Points)
	seccheck.Initialize()
	if len(seccheck.Points) != len(ours) {
		t.Fatalf("gVisor has listed its %d points all the same", len(seccheck.Points))
	}
	clear(seccheck.Points)
	pointsOnce = sync.Once{}
	seccheck.Initialize()
	for name, point := range ours {
		if theirs, ok := seccheck.Points[name]; !ok || theirs.ID != point.ID || theirs.Name != point.Name {
			t.Errorf("%s is %d, gVisor's is %d (%v)", name, point.ID, theirs.ID, ok)
		}
	}
}
