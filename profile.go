package glovebox

import (
	"maps"
	"slices"
)

// Profile is what runs of a job have done together: what the next one may do
// without surprising anybody. Its zero value is of no run. In a policy it is
// what the job is held against while it runs: see WatchPolicy.Drift. Lists are
// in order, each value once.
type Profile struct {
	Runs   int               `json:"runs"`
	Execs  []string          `json:"execs,omitempty"`  // paths of programs; "#" stands for digits below places for temporary things
	Binds  []string          `json:"binds,omitempty"`  // "PROTO/PORT" that were listened at, below the ports of clients
	Kinds  []string          `json:"kinds,omitempty"`  // of Observation
	Tried  []string          `json:"tried,omitempty"`  // names and "ADDRESS:PORT" that were asked for and refused, or not used
	Calls  []string          `json:"calls,omitempty"`  // system calls by name; of runs with WatchFull
	Missed map[string]uint64 `json:"missed,omitempty"` // by kind: what there was no room for, in the run with the most

	Memory int64  `json:"memory,omitempty"` // bytes, the most of any run
	CPU    int64  `json:"cpu,omitempty"`    // nanoseconds, likewise
	Disk   int64  `json:"disk,omitempty"`   // bytes of scratch, likewise
	Tasks  uint64 `json:"tasks,omitempty"`  // processes and threads at one time, likewise
}

// Bounds of a Profile's lists, and of one value in them in bytes.
const (
	MaxProfileExecs = 256
	MaxProfileCalls = 512
	MaxProfileRest  = 64 // binds, kinds and tried
	MaxProfileText  = 300
)

// Merge is the profile of the runs of both.
func (p Profile) Merge(q Profile) Profile {
	m := Profile{
		Runs:   p.Runs + q.Runs,
		Execs:  slices.Concat(p.Execs, q.Execs),
		Binds:  slices.Concat(p.Binds, q.Binds),
		Kinds:  slices.Concat(p.Kinds, q.Kinds),
		Tried:  slices.Concat(p.Tried, q.Tried),
		Calls:  slices.Concat(p.Calls, q.Calls),
		Memory: max(p.Memory, q.Memory), CPU: max(p.CPU, q.CPU), Disk: max(p.Disk, q.Disk), Tasks: max(p.Tasks, q.Tasks),
		Missed: maps.Clone(p.Missed),
	}
	for kind, n := range q.Missed {
		if m.Missed == nil {
			m.Missed = map[string]uint64{}
		}
		m.Missed[kind] = max(m.Missed[kind], n)
	}
	return m.Ordered()
}

// Ordered is the profile with its lists in order, each value once, and cut at
// their bounds.
func (p Profile) Ordered() Profile {
	for _, l := range p.lists() {
		*l.values = set(*l.values, l.max)
	}
	return p
}

// Clone shares nothing with p.
func (p Profile) Clone() Profile {
	for _, l := range p.lists() {
		*l.values = slices.Clone(*l.values)
	}
	p.Missed = maps.Clone(p.Missed)
	return p
}

// profileList is one of the lists of a profile.
type profileList struct {
	name   string
	values *[]string
	max    int
}

func (p *Profile) lists() []profileList {
	return []profileList{
		{"execs", &p.Execs, MaxProfileExecs}, {"binds", &p.Binds, MaxProfileRest}, {"kinds", &p.Kinds, MaxProfileRest},
		{"tried", &p.Tried, MaxProfileRest}, {"calls", &p.Calls, MaxProfileCalls},
	}
}

// set is the values in order, each once, at most n of them.
func set(values []string, n int) []string {
	values = slices.Clone(values)
	slices.Sort(values)
	values = slices.Compact(values)
	return values[:min(len(values), n)]
}
