package campaign

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// counts are what scripts/campaign.sh adds up: how much was tried, and how much
// of what must not be was found.
var counts struct {
	sync.Mutex
	n map[string]int
}

// count adds to what is written down at the end.
func count(what string, n int) {
	counts.Lock()
	defer counts.Unlock()
	if counts.n == nil {
		counts.n = map[string]int{}
	}
	counts.n[what] += n
}

// writeCounts leaves a file of "what=n" lines in the folder GLOVEBOX_CAMPAIGN,
// if that is set, and returns an exit code.
func writeCounts() int {
	dir := os.Getenv("GLOVEBOX_CAMPAIGN")
	if dir == "" {
		return 0
	}
	counts.Lock()
	defer counts.Unlock()
	f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("campaign-%d", os.Getpid())), os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		fmt.Fprintln(os.Stderr, "write the counts:", err)
		return 1
	}
	defer f.Close()
	for what, n := range counts.n {
		fmt.Fprintf(f, "%s=%d\n", what, n)
	}
	return 0
}
