package bootcmd

import (
	"gvisor.dev/gvisor/pkg/gomaxprocs"
	"gvisor.dev/gvisor/pkg/sentry/platform"
)

// moreProcs is how many processors Go's scheduler gets above what gVisor gives
// it, which is as many as the job sees. A thread of the sentry that waits for
// the job in a system call keeps its processor until Go's monitor takes it
// away, and the monitor of a sentry that was idle looks every 10 ms only. With
// two processors a request to such a sentry can find both taken.
const moreProcs = 6

// roomyPlatform is systrap with more processors for Go once it is made:
// systrap itself sizes its threads by the number before.
type roomyPlatform struct{ platform.Constructor }

// New implements platform.Constructor.
func (p roomyPlatform) New(opts platform.Options) (platform.Platform, error) {
	made, err := p.Constructor.New(opts)
	if err == nil {
		gomaxprocs.Add(moreProcs)
	}
	return made, err
}

// useRoomyPlatform takes the place of gVisor's systrap under its name.
func useRoomyPlatform() error {
	const name = "systrap"
	stock, err := platform.Lookup(name)
	if err == nil {
		platform.Register(name, roomyPlatform{stock})
	}
	return err
}
