package wire

import (
	"time"

	"glovebox"
)

// Pool is what a node has parked for one template, and what came of it since
// the node's agent was started.
type Pool struct {
	Node        string    `json:"node"`
	SeenAt      time.Time `json:"seenAt" doc:"When the node told it"`
	Template    string    `json:"template" example:"generic" doc:"generic takes jobs of any image"`
	Image       string    `json:"image,omitempty" doc:"Digest of the only image that it takes jobs of"`
	Interpreter string    `json:"interpreter,omitempty" doc:"Already running in it"`

	Floor   int        `json:"floor" doc:"Parked at least"`
	Ceiling int        `json:"ceiling" doc:"Parked at most; 0 if there is no pool"`
	Target  int        `json:"target" doc:"As many as there should be, by the demand of late"`
	Slots   []PoolSlot `json:"slots" nullable:"false"`
	Memory  int64      `json:"memory" doc:"Bytes that one of them takes"`

	Hits     int64      `json:"hits" doc:"Jobs that were started from it"`
	Misses   PoolMisses `json:"misses" doc:"Jobs that started cold, and why"`
	Refills  int64      `json:"refills" doc:"Sandboxes that were parked"`
	Failures int64      `json:"failures" doc:"Refills that came to nothing"`

	RefillWall glovebox.Duration `json:"refillWall,omitempty" doc:"How long it takes to park one; median of the last"`
	RefillCPU  glovebox.Duration `json:"refillCPU,omitempty" doc:"What that costs; absent if the runtime cannot tell"`
	ClaimP50   glovebox.Duration `json:"claimP50,omitempty" doc:"From taking one to the command being started; median of the last"`
	ClaimP95   glovebox.Duration `json:"claimP95,omitempty"`
}

// PoolMisses counts jobs that started cold though a pool would have done for them.
type PoolMisses struct {
	Empty  int64 `json:"empty" doc:"There was none"`
	Unfair int64 `json:"unfair" doc:"The last ones were kept for tenants that had taken less"`
	Failed int64 `json:"failed" doc:"What was parked could not be used"`
	Off    int64 `json:"off" doc:"No pool is kept"`
}

// PoolSlot is a parked sandbox.
type PoolSlot struct {
	ID    string    `json:"id"`
	State string    `json:"state" enum:"making,parked,taken,leaving"`
	Since time.Time `json:"since"`
}

// PoolList is the answer of GET /v1/pool.
type PoolList struct {
	Pools []Pool `json:"pools" nullable:"false"`
}
