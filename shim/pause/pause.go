// Package pause makes the root file system of a sandbox that has no job yet: an
// EROFS image of a few files, of which two are programs. /pause does nothing
// for ever and keeps the sandbox alive; /true ends at once and is what a
// sandbox is rehearsed with. Both are a handful of instructions written out
// here, because nothing that could be built would be as small: a parked
// sandbox's pages count fifty times over.
package pause

import (
	"fmt"
	"runtime"
)

// Paths of the programs in the image.
const (
	Pause = "/pause"
	True  = "/true"
)

// Image is the EROFS image for this machine's architecture.
func Image() ([]byte, error) {
	code, ok := machines[runtime.GOARCH]
	if !ok {
		return nil, fmt.Errorf("no pause program for %s", runtime.GOARCH)
	}
	return image([]file{
		// Places for what gVisor mounts in every root.
		{name: "dev"}, {name: "proc"}, {name: "sys"}, {name: "tmp"},
		{name: Pause[1:], body: elf(code.machine, code.pause)},
		{name: True[1:], body: elf(code.machine, code.exit)},
	})
}
