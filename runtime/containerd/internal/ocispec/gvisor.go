package ocispec

import (
	"fmt"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"glovebox"
)

// Annotations that the project's gVisor shim reads.
const (
	annotationRootfs  = "dev.glovebox.rootfs"
	annotationScratch = "dev.glovebox.scratch"
	annotationReport  = "dev.glovebox.report"
	annotationTimeout = "dev.glovebox.timeout"
	annotationPark    = "dev.glovebox.park"
	annotationWatch   = "dev.glovebox.watch"
	annotationFiles   = "dev.glovebox.files"

	annotationInterpreter = "dev.glovebox.interpreter"
	annotationSnapshot    = "dev.glovebox.snapshot"
)

// GVisorFiles are absolute paths on the node.
type GVisorFiles struct {
	Rootfs  string // the image's root as one EROFS file
	Scratch string // folder for the writable layer
	Report  string // file to be written when the sandbox has ended
}

// GVisor has gVisor keep the writable layer in a file, over the image's shared
// one, and write how the sandbox ended. The shim keeps the timeout, if there is
// one, while there is no agent.
func GVisor(s *specs.Spec, f GVisorFiles, l glovebox.Limits, timeout time.Duration) {
	s.Annotations = map[string]string{
		annotationRootfs:  f.Rootfs,
		annotationScratch: fmt.Sprintf("dir=%s,size=%d,inodes=%d", f.Scratch, l.Disk, l.Inodes),
		annotationReport:  f.Report,
	}
	if timeout > 0 {
		s.Annotations[annotationTimeout] = timeout.String()
	}
}

// Files has the shim wait for files, of which nothing is said here.
func Files(s *specs.Spec, files []glovebox.File) {
	if len(files) > 0 {
		s.Annotations[annotationFiles] = "true"
	}
}

// Watch has the shim note what the job does, as SandboxSpec.Watch says.
func Watch(s *specs.Spec, watch string) {
	if watch != glovebox.WatchOff {
		s.Annotations[annotationWatch] = watch
	}
}
