package agent

import (
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"glovebox"
	"glovebox/internal/nodev1/nodev1connect"
)

// Config is what an agent needs. The fields up to Log have no defaults, except
// that a nil Log says nothing.
type Config struct {
	Node      string // name of the node, as control knows it
	Dir       string // the agent's own folder; made if absent
	Client    nodev1connect.NodeServiceClient
	Runtime   glovebox.Runtime
	Inventory glovebox.Inventory
	Images    glovebox.ImageStore
	Capacity  glovebox.Capacity // what it offers to jobs; control keeps to it
	Info      Info
	Log       *slog.Logger

	Network     Network            // default: none, and jobs that want one are refused
	Parker      glovebox.Parker    // makes what Pool is to have; default: the runtime, if it is one
	Collector   glovebox.Collector // hands over what jobs leave; default: the runtime, if it is one
	Pool        PoolConfig         // kept parked for jobs to come; its zero value is nothing
	Watcher     glovebox.Watcher   // sees what jobs do; default: the runtime, if it is one
	WatchEvery  time.Duration      // between two looks at a job, at least; default 1 s
	Now         func() time.Time   // for what the watch finds; default time.Now
	Boot        string             // kernel boot id; default: the kernel's
	Starts      int                // cold starts at one time; default twice the cores
	SyncTimeout time.Duration      // after which a held Sync is made anew; default 60 s
	MaxBackoff  time.Duration      // between two tries of anything; default 2 s
	StopGrace   time.Duration      // from SIGTERM to SIGKILL at a time-out; default glovebox.StopGrace
	DrainTime   time.Duration      // for what is left in stdout after the end; default 1 s
	PunchStep   int64              // acknowledged output is freed in such steps; default 4 MiB
	Poll        time.Duration      // above 0: output is looked for so often at least, and not waited for; for virtual time
}

// Info describes the node to people and to the choice of a node.
type Info struct {
	Version  string   // of the agent
	Kernel   string   // release
	Platform string   // "linux/amd64"
	Runtimes []string // such as glovebox.RuntimeGVisor; empty = all that are known

	RuntimeVersions map[string]string // of those of them that are known
}

const (
	chunkSize  = 256 << 10 // of one OutputChunk, at most
	pipeSize   = 1 << 20   // asked for each FIFO of output
	startTime  = 60 * time.Second
	signalTime = 10 * time.Second
	removeTime = 2 * time.Minute
)

func (c Config) complete() (Config, error) {
	if c.Node == "" || c.Dir == "" || c.Client == nil || c.Runtime == nil || c.Inventory == nil || c.Images == nil {
		return c, glovebox.Errorf(glovebox.KindInternal, "agent: a part is missing in its configuration")
	}
	if c.Network == nil {
		c.Network = noNetwork{}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Boot == "" {
		id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
		if err != nil {
			return c, glovebox.Errorf(glovebox.KindInternal, "read the kernel's boot id: %w", err)
		}
		c.Boot = strings.TrimSpace(string(id))
	}
	pool, err := c.Pool.complete(runtime.NumCPU())
	if err != nil {
		return c, err
	}
	c.Pool = pool
	orDefault(&c.Starts, 2*runtime.NumCPU())
	orDefault(&c.SyncTimeout, time.Minute)
	orDefault(&c.MaxBackoff, 2*time.Second)
	orDefault(&c.StopGrace, glovebox.StopGrace)
	orDefault(&c.DrainTime, time.Second)
	orDefault(&c.WatchEvery, watchEvery)
	orDefault(&c.PunchStep, 4<<20)
	return c, nil
}

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}
