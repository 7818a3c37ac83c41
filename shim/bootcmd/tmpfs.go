package bootcmd

import (
	"slices"
	_ "unsafe" // for go:linkname
)

// tmpfsAllowedData are the options gVisor passes from an OCI tmpfs mount to
// its tmpfs; it drops the others. Its tmpfs does know nr_inodes, without which
// a size-capped /tmp can still be filled with empty files until the sentry's
// memory is gone.
//
//go:linkname tmpfsAllowedData gvisor.dev/gvisor/runsc/boot.tmpfsAllowedData
var tmpfsAllowedData []string

func init() {
	// A different gVisor may have another name for it: then our variable is
	// one of its own and empty, and refusing to run is better than no cap.
	if !slices.Contains(tmpfsAllowedData, "size") {
		panic("gVisor's list of tmpfs options is not where it was")
	}
	if !slices.Contains(tmpfsAllowedData, "nr_inodes") {
		tmpfsAllowedData = append(tmpfsAllowedData, "nr_inodes")
	}
}
