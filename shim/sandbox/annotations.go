package sandbox

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
)

// Annotations of the OCI specification by which the agent asks for what the
// specification has no field for.
const (
	// AnnotationRootfs is the absolute path of the job's image as an EROFS file.
	// The specification's root is where the same image is mounted on the host,
	// to be looked into.
	AnnotationRootfs = "dev.glovebox.rootfs"
	// AnnotationPark set to "true" asks for a sandbox without a job, to be
	// claimed by one later.
	AnnotationPark = "dev.glovebox.park"
	// AnnotationInterpreter, with AnnotationPark, names the interpreter (see
	// interp) that is to run in it and wait for a script. The rest of the
	// specification is then that of a job whose one argument is the program.
	AnnotationInterpreter = "dev.glovebox.interpreter"
	// AnnotationSnapshot, with AnnotationPark, is the absolute path of a folder
	// that Save has filled, to be restored in it. The rest of the specification
	// is that of a job that the saved program could become: see Snapshot.
	AnnotationSnapshot = "dev.glovebox.snapshot"
	// AnnotationScratch is "dir=<absolute path>,size=<bytes>[,inodes=<n>]":
	// where the writable layer over the image lives and how much it may hold.
	// Without it the image is mounted as it is, so it should be read-only.
	AnnotationScratch = "dev.glovebox.scratch"
	// AnnotationStdin set to "none" gives the job /dev/null whatever the
	// request says.
	AnnotationStdin = "dev.glovebox.stdin"
	// AnnotationReport is the absolute path of a file the shim writes when the
	// sandbox has ended, before anybody waiting is told. See Report.
	AnnotationReport = "dev.glovebox.report"
	// AnnotationTimeout is how long the job may run, as time.ParseDuration has
	// it. It is kept here only while nobody attends to the sandboxes.
	AnnotationTimeout = "dev.glovebox.timeout"
)

// parseTimeout reads AnnotationTimeout; an empty value means no end.
func parseTimeout(value string) (time.Duration, error) {
	if value == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s: %q is not a duration: %w", AnnotationTimeout, value, errdefs.ErrInvalidArgument)
	}
	return d, nil
}

// Scratch is the writable layer over a shared, read-only image.
type Scratch struct {
	Dir    string
	Size   uint64
	Inodes uint64
}

// ParseScratch reads AnnotationScratch; an empty value means no layer.
func ParseScratch(value string) (s Scratch, err error) {
	if value == "" {
		return s, nil
	}
	for part := range strings.SplitSeq(value, ",") {
		key, v, _ := strings.Cut(part, "=")
		switch key {
		case "dir":
			s.Dir = v
		case "size":
			s.Size, err = strconv.ParseUint(v, 10, 63)
		case "inodes":
			s.Inodes, err = strconv.ParseUint(v, 10, 63)
		default:
			err = fmt.Errorf("unknown key %q", key)
		}
		if err != nil {
			return s, fmt.Errorf("%s: %w: %w", AnnotationScratch, err, errdefs.ErrInvalidArgument)
		}
	}
	if !filepath.IsAbs(s.Dir) || filepath.Clean(s.Dir) != s.Dir || strings.ContainsAny(s.Dir, ":\n") {
		return s, fmt.Errorf("%s: dir %q is not a clean absolute path: %w", AnnotationScratch, s.Dir, errdefs.ErrInvalidArgument)
	}
	if s.Size == 0 {
		// tmpfs takes zero for "no limit", which is never what is meant here.
		return s, fmt.Errorf("%s: size is missing or zero: %w", AnnotationScratch, errdefs.ErrInvalidArgument)
	}
	return s, nil
}
