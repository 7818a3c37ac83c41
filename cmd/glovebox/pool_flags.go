package main

import (
	"runtime"
	"strconv"

	"github.com/spf13/pflag"

	"glovebox"
	"glovebox/agent"
)

// poolFlags are about the sandboxes that are kept parked; `up` passes them on to
// the agent. What is not given follows from the machine.
type poolFlags struct {
	least, most int // -1 = not given
	memory      size
}

func (f *poolFlags) define(fs *pflag.FlagSet) {
	fs.IntVar(&f.least, "pool-min", -1, "sandboxes to keep parked for jobs to come, at least (default two a core)")
	fs.IntVar(&f.most, "pool-max", -1, "and at most; 0 turns the pool off (default 16 a core, in a twentieth of the memory)")
	fs.Var(&f.memory, "pool-memory", "that they may take together, and jobs are not offered (default 16 MiB for each of --pool-max)")
	for _, name := range []string{"pool-min", "pool-max"} {
		fs.Lookup(name).DefValue = ""
	}
}

// args are the flags again.
func (f poolFlags) args() (args []string) {
	if f.least >= 0 {
		args = append(args, "--pool-min", strconv.Itoa(f.least))
	}
	if f.most >= 0 {
		args = append(args, "--pool-max", strconv.Itoa(f.most))
	}
	if f.memory != 0 {
		args = append(args, "--pool-memory", strconv.FormatInt(int64(f.memory), 10))
	}
	return args
}

// config is the pool of this machine.
func (f poolFlags) config() (agent.PoolConfig, error) {
	return f.on(runtime.NumCPU(), machineMemory())
}

// on is the pool of a machine with so many cores and bytes of memory.
func (f poolFlags) on(cores int, memory int64) (agent.PoolConfig, error) {
	c := agent.DefaultPool(cores, memory)
	usage := func(format string, args ...any) *glovebox.Error {
		return glovebox.Errorf(glovebox.KindUsage, format, args...)
	}
	switch {
	case f.least < -1:
		return c, usage("--pool-min cannot be negative").Try("use 0 for none")
	case f.most < -1:
		return c, usage("--pool-max cannot be negative").Try("use 0 to keep no pool")
	case f.most > agent.MaxPool:
		return c, usage("--pool-max cannot be %d", f.most).Try("use at most %d", agent.MaxPool)
	case f.memory < 0:
		return c, usage("--pool-memory cannot be negative")
	case int64(f.memory) > memory:
		return c, usage("--pool-memory %s is more than this machine has, %s", humanSize(int64(f.memory)), humanSize(memory))
	}
	if f.most >= 0 {
		c.Max = f.most
		c.Memory = int64(c.Max) * agent.ParkedSize
	}
	if f.memory > 0 {
		c.Memory = int64(f.memory)
	}
	if c.Memory > memory {
		return c, usage("--pool-max %d needs %s, and this machine has %s", c.Max, humanSize(c.Memory), humanSize(memory)).Try("keep fewer")
	}
	room := int(c.Memory / agent.ParkedSize)
	switch {
	case f.least > c.Max:
		return c, usage("--pool-min %d is more than --pool-max, %d", f.least, c.Max).Try("raise --pool-max, too")
	case f.least > room:
		return c, usage("--pool-min %d needs %s, and --pool-memory is %s", f.least, humanSize(int64(f.least)*agent.ParkedSize), humanSize(c.Memory)).
			Try("raise --pool-memory, or keep fewer")
	case c.Max > 0 && room == 0:
		return c, usage("--pool-memory %s is too little for one sandbox", humanSize(c.Memory)).
			Try("give it %s, or turn the pool off with --pool-max 0", humanSize(agent.ParkedSize))
	}
	if c.Min = min(c.Min, c.Max, room); f.least >= 0 {
		c.Min = f.least
	}
	return c, c.Check()
}
