package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// tally is what a test of kills leaves for scripts/campaign.sh, in the folder
// GLOVEBOX_CAMPAIGN if that is set: "what=n" lines, written when the test ends,
// whatever it has come to by then.
type tally struct{ kills, jobs, lost, doubled, left int }

func newTally(t *testing.T) *tally {
	n := &tally{}
	t.Cleanup(func() {
		dir := os.Getenv("GLOVEBOX_CAMPAIGN")
		if dir == "" {
			return
		}
		text := fmt.Sprintf("kills=%d\njobs=%d\nlost=%d\ndoubled=%d\nleft=%d\n", n.kills, n.jobs, n.lost, n.doubled, n.left)
		if err := os.WriteFile(filepath.Join(dir, "e2e-"+t.Name()), []byte(text), 0o644); err != nil {
			t.Errorf("write the counts: %v", err)
		}
	})
	return n
}

// acknowledged counts jobs that are lost until they are settled.
func (n *tally) acknowledged(ids []string) { n.jobs, n.lost = n.jobs+len(ids), n.lost+len(ids) }

func (n *tally) settled(jobs map[string]killedJob) { n.lost -= len(jobs) }
