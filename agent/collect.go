package agent

import (
	"path/filepath"
	"time"
)

// Collection takes the output of a command as an agent does, while there is
// none. No agent may run over the folder meanwhile.
type Collection struct{ out *output }

// Collect begins to move what the command of a standing sandbox writes to where
// the next agent finds it.
func Collect(dir, id string) (*Collection, error) {
	f := folder{filepath.Join(dir, dirSandboxes, id)}
	work, err := parseWork(f.order().GetWork(), nil)
	if err != nil {
		return nil, err
	}
	out, err := openOutput(f, work.spec.Limits.Output, 0) // nothing is acknowledged here
	if err != nil {
		return nil, err
	}
	if err := out.pump(); err != nil {
		out.abandon()
		return nil, err
	}
	return &Collection{out}, nil
}

// Finish takes what is left, up to the end if the runtime lets go of the output
// within d, and stops.
func (c *Collection) Finish(d time.Duration) {
	c.out.finish(d)
	c.out.closeFiles()
}

// Stop stops at once. What was not taken is still in the pipes, as long as
// somebody has them open.
func (c *Collection) Stop() { c.out.abandon() }
