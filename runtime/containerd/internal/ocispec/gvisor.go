package ocispec

import (
	"fmt"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"glovebox"
)

// Annotations that the project's gVisor shim reads.
const (
	annotationScratch = "dev.glovebox.scratch"
	annotationReport  = "dev.glovebox.report"
	annotationTimeout = "dev.glovebox.timeout"
)

// GVisor has gVisor keep the writable layer in a file under scratch, over the
// shared image, and write how the sandbox ended to the file report. The shim
// keeps the timeout, if there is one, while there is no agent.
func GVisor(s *specs.Spec, l glovebox.Limits, timeout time.Duration, scratch, report string) {
	s.Annotations = map[string]string{
		annotationScratch: fmt.Sprintf("dir=%s,size=%d,inodes=%d", scratch, l.Disk, l.Inodes),
		annotationReport:  report,
	}
	if timeout > 0 {
		s.Annotations[annotationTimeout] = timeout.String()
	}
}
