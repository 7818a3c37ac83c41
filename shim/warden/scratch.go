package warden

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// scratchPeak follows how much the scratch layer holds on the host. It is
// looked at whenever a task ends, since a job that ran out of space usually
// ends for it, and at the sandbox's own end the layer is empty again.
type scratchPeak struct {
	fd    int // 0: there is none
	bytes int64
}

// WatchScratch names the file behind the scratch layer. The sentry calls it
// before the job runs.
func WatchScratch(fd int) { scratchFile = fd }

var scratchFile int

// look takes the present size into account.
func (p *scratchPeak) look() {
	var st unix.Stat_t
	if p.fd > 0 && unix.Fstat(p.fd, &st) == nil {
		p.bytes = max(p.bytes, st.Blocks*512)
	}
}

func (p *scratchPeak) String() string { return fmt.Sprintf("%s%d\n", noteScratch, p.bytes) }
