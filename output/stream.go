// Package output is control's side of what sandboxes write and read. A job's
// stdout and stderr arrive in pieces with offsets, are kept as growing blobs,
// and are read back, while they grow or later, by any number of readers. Its
// stdin goes the other way through the same blobs: appended by the API,
// followed by the node protocol.
//
// Nothing is buffered between a writer and its readers but the blob itself, so
// a slow reader costs no memory and never slows the writer.
package output

import (
	"strconv"

	"glovebox"
)

// Stream is one of a job's byte streams.
type Stream string

// The streams.
const (
	Stdout Stream = "stdout"
	Stderr Stream = "stderr"
	Stdin  Stream = "stdin"
	Events Stream = "events" // what the filter decided, a line of JSON each

	Artifacts Stream = "artifacts"       // the bytes of all files that an attempt left, one after another
	Index     Stream = "artifacts.index" // glovebox.Artifact, a line of JSON each
)

// Sizes tells how much there is of each stream of an attempt.
type Sizes struct {
	Stdout, Stderr, Stdin, Events, Artifacts, Index Size
}

// Written are the sizes of what the attempt wrote.
func (s Sizes) Written() glovebox.StreamSizes {
	return glovebox.StreamSizes{Stdout: s.Stdout.Bytes, Stderr: s.Stderr.Bytes, Events: s.Events.Bytes,
		Artifacts: s.Artifacts.Bytes, Index: s.Index.Bytes}
}

// Size is a stream's bytes so far, and whether more may come.
type Size struct {
	Bytes  int64
	Sealed bool
}

// Key is where a stream's bytes are kept among the blobs. Stdin belongs to the
// job and not to an attempt: it may come before the job is placed.
func Key(job string, attempt int, s Stream) string {
	if s == Stdin {
		return Prefix(job) + string(s)
	}
	return attemptPrefix(job, attempt) + string(s)
}

// attemptPrefix is what the keys of what an attempt wrote begin with.
func attemptPrefix(job string, attempt int) string {
	return Prefix(job) + strconv.Itoa(attempt) + "/"
}

// Prefix is what the keys of all streams of a job begin with.
func Prefix(job string) string { return "output/" + job + "/" }
