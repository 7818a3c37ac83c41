package supervise

import (
	"context"
	"os"
	"time"
)

// Child says how to run one process and what to expect of it.
type Child struct {
	Name string   // prefix of its output
	Path string   // absolute
	Args []string // without argv[0], which is the base of Path
	Env  []string // complete; nothing is inherited
	Dir  string   // default "/"

	// Files are handed over by name; the child takes them with Inherited.
	Files map[string]*os.File

	// Binary, if set, is executed in place of Path, so that the program is the
	// one that was opened and its folder need not be open to the child's user.
	Binary *os.File

	// UID, if not 0, is the user and only group of the child, which then also
	// starts sealed: no capabilities, not even in its bounding set, no way to
	// gain privileges by exec, umask 077.
	UID int

	// Ready returns nil once the child does its work. It is called again and
	// again, each time with a short deadline. A nil Ready means that the child
	// says so itself, by NotifyReady.
	Ready func(ctx context.Context) error

	// Adopt, if set, is asked before the first start for a process that an
	// earlier supervisor has left and that does the child's work already. It
	// is told where the child's output goes. Nil means that there is none. A
	// child with Adopt needs Ready.
	Adopt func(ctx context.Context, output *os.File) (*Adopted, error)

	// Grace is how long the child may take from SIGTERM to its end.
	Grace time.Duration
}

func (c Child) dir() string {
	if c.Dir == "" {
		return "/"
	}
	return c.Dir
}
