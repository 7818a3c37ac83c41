package glovebox

import (
	"context"
	"io"
)

// Collector is implemented by a Runtime that can hand over what a job has left
// under OutDir:
//
//	Create → Start → Wait → Collect … → Destroy
//
// OutDir is there in every sandbox, empty, and belongs to the command's user,
// unless the image has one: that is as the image has it. It is part of the
// scratch layer, and counts against Limits.Disk and Limits.Inodes like the rest.
//
// What Collect writes comes from inside the sandbox. It is to be read as input of
// somebody hostile: names, sizes and their number can be anything.
type Collector interface {
	// Collect writes what is under OutDir to w, as a tar archive: regular files
	// and folders, with their permissions and nothing else of them, named
	// relative to OutDir, folders with a slash at the end. What is in a folder
	// follows it, sorted by name. A file with several names is one under each.
	//
	// All else (links, devices, sockets, FIFOs, what has a name that is not
	// UTF-8, what is deeper than MaxOutDepth folders or has a name longer than
	// MaxOutName together with those above it) is left out and counted, a folder
	// with all that is in it as one. So is OutDir itself if it is no folder any
	// more. Without anything in it, or without OutDir, the archive is empty.
	//
	// It is legal from the command's end until Destroy, and gives the same bytes
	// each time. It ends when w fails, with w's error, or with ctx. KindNotFound;
	// KindConflict before the command's end; KindUnavailable if the same call may
	// do later; KindNodeLost if what was there is gone with its sandbox.
	Collect(ctx context.Context, id string, w io.Writer) (leftOut int, err error)
}

// Bounds of what Collect hands over.
const (
	MaxOutDepth = 100  // folders in each other
	MaxOutName  = 4095 // bytes of a path relative to OutDir
)
