package agent

import (
	"context"
	"time"

	"glovebox"
)

// PoolConfig says what an agent keeps parked. The zero value keeps nothing.
type PoolConfig struct {
	Min, Max int           // parked sandboxes for any image; Max 0 = none, and none for templates either
	Memory   int64         // bytes for all that are parked; jobs are offered so much less
	Each     int64         // bytes that one takes, as long as the runtime has not told; default 16 MiB
	CPU      float64       // cores that making them may take on average; 0 = no bound
	Refills  int           // made at one time while a pool is nearly empty; default 2, or 1 on a single core
	MaxAge   time.Duration // after which one is replaced; default 1 h
}

// Weigher is implemented by a Parker that can tell what a parked sandbox costs.
type Weigher interface {
	// Weigh returns the CPU time that it has taken to make it, and the bytes of
	// memory that it takes now. KindNotFound.
	Weigh(ctx context.Context, id string) (cpu time.Duration, memory int64, err error)
}

// Bounds and defaults of a pool.
const (
	ParkedSize = 16 << 20 // bytes that a parked sandbox takes, until it was measured
	MaxPool    = 4096     // parked sandboxes of a template

	parkedCPU = 40 * time.Millisecond // that making one costs, until it was measured
	parkedAge = time.Hour
	poolShare = 20 // of the machine's memory, one part
)

// DefaultPool is the pool of a machine with so many cores and bytes of memory:
// two a core at least, 16 a core at most, but no more than a twentieth of the
// memory, and half of the cores to make them. A machine that is too small for
// one gets none.
func DefaultPool(cores int, memory int64) PoolConfig {
	most := int(min(int64(16*cores), memory/poolShare/ParkedSize))
	return PoolConfig{Min: min(2*cores, most), Max: most, Memory: int64(most) * ParkedSize, CPU: float64(cores) / 2}
}

// Check refuses what cannot be meant.
func (c PoolConfig) Check() error {
	const field = "pool." + glovebox.PoolGeneric
	switch {
	case c.Min < 0 || c.Max < 0 || c.Max > MaxPool:
		return glovebox.Errorf(glovebox.KindInvalid, "a pool of %d to %d sandboxes", c.Min, c.Max).On(field).Try("use 0 to %d", MaxPool)
	case c.Min > c.Max:
		return glovebox.Errorf(glovebox.KindInvalid, "at least %d sandboxes are more than at most %d", c.Min, c.Max).On(field)
	}
	if c.Memory < 0 || c.Each < 0 || c.CPU < 0 || c.Refills < 0 || c.MaxAge < 0 {
		return glovebox.Errorf(glovebox.KindInvalid, "a bound cannot be negative").On("pool")
	}
	each := c.Each
	orDefault(&each, ParkedSize)
	if c.on() && c.Memory < int64(max(c.Min, 1))*each {
		return glovebox.Errorf(glovebox.KindInvalid, "%d bytes are too few for %d parked sandboxes of %d bytes each", c.Memory, max(c.Min, 1), each).
			On("pool.memory").Try("give it %d bytes, or keep fewer", int64(max(c.Min, 1))*each)
	}
	return nil
}

// on says whether anything is to be parked at all.
func (c PoolConfig) on() bool { return c.Max > 0 }

func (c PoolConfig) complete(cores int) (PoolConfig, error) {
	if err := c.Check(); err != nil {
		return c, err
	}
	orDefault(&c.Each, ParkedSize)
	orDefault(&c.Refills, min(cores, 2))
	orDefault(&c.MaxAge, parkedAge)
	return c, nil
}
