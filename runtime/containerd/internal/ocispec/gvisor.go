package ocispec

import (
	"fmt"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"glovebox"
)

// Annotations that the project's gVisor shim reads.
const (
	annotationScratch = "dev.glovebox.scratch"
	annotationReport  = "dev.glovebox.report"
)

// GVisor has gVisor keep the writable layer in a file under scratch, over the
// shared image, and write how the sandbox ended to the file report.
func GVisor(s *specs.Spec, l glovebox.Limits, scratch, report string) {
	s.Annotations = map[string]string{
		annotationScratch: fmt.Sprintf("dir=%s,size=%d,inodes=%d", scratch, l.Disk, l.Inodes),
		annotationReport:  report,
	}
}
