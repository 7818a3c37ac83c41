package watch

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"glovebox"
)

// Profile is what runs of a job have done together: what the next one may do
// without surprising anybody. Its zero value is of no run.
type Profile struct {
	Runs   int               `json:"runs"`
	Calls  []string          `json:"calls,omitempty"`  // system calls by name, in order; of runs with glovebox.WatchFull
	Execs  []string          `json:"execs,omitempty"`  // shapes of programs' paths, in order
	Binds  []string          `json:"binds,omitempty"`  // "PROTO/PORT" that were bound below the ports of clients, in order
	Kinds  []string          `json:"kinds,omitempty"`  // of observations, in order
	Missed map[string]uint64 `json:"missed,omitempty"` // by kind: what was not kept of the run with the most

	Memory int64  `json:"memory,omitempty"` // bytes, the most of any run
	CPU    int64  `json:"cpu,omitempty"`    // nanoseconds, likewise
	Tasks  uint64 `json:"tasks,omitempty"`  // at one time, likewise
}

const (
	maxExecs = 512
	maxCalls = 512
	maxBinds = 64
)

// ProfileOf is the profile of one run.
func ProfileOf(o glovebox.Observed) Profile {
	p := Profile{
		Runs: 1, Calls: slices.Sorted(maps.Keys(o.Calls)), Missed: maps.Clone(o.Missed),
		Memory: o.Usage.MemoryPeak, CPU: int64(o.Usage.CPUTime), Tasks: o.TasksPeak,
	}
	for _, x := range o.Things[:min(len(o.Things), maxThings)] {
		p.Kinds = append(p.Kinds, x.Kind)
		switch x.Kind {
		case glovebox.ObserveExec, glovebox.ObserveMiner:
			p.Execs = append(p.Execs, shape(x.Path))
		case glovebox.ObserveBind:
			if name, ok := listens(x); ok {
				p.Binds = append(p.Binds, name)
			}
		}
	}
	p.Calls, p.Execs = set(p.Calls, maxCalls), set(p.Execs, maxExecs)
	p.Binds, p.Kinds = set(p.Binds, maxBinds), set(p.Kinds, maxBinds)
	return p
}

// Merge is the profile of the runs of both.
func (p Profile) Merge(q Profile) Profile {
	m := Profile{
		Runs:   p.Runs + q.Runs,
		Calls:  set(slices.Concat(p.Calls, q.Calls), maxCalls),
		Execs:  set(slices.Concat(p.Execs, q.Execs), maxExecs),
		Binds:  set(slices.Concat(p.Binds, q.Binds), maxBinds),
		Kinds:  set(slices.Concat(p.Kinds, q.Kinds), maxBinds),
		Memory: max(p.Memory, q.Memory), CPU: max(p.CPU, q.CPU), Tasks: max(p.Tasks, q.Tasks),
		Missed: maps.Clone(p.Missed),
	}
	for kind, n := range q.Missed {
		if m.Missed == nil {
			m.Missed = map[string]uint64{}
		}
		m.Missed[kind] = max(m.Missed[kind], n)
	}
	return m
}

// learnsExecs says whether there is a profile that knows programs.
func (p *Profile) learnsExecs() bool { return p != nil && len(p.Execs) > 0 }

func (p *Profile) executed(path string) bool {
	_, ok := slices.BinarySearch(p.Execs, shape(path))
	return ok
}

// shape is what is the same of a path in every run: below places for temporary
// things, where names are made up, only the place and the program's own name,
// in which a row of digits is "#".
func shape(path string) string {
	for _, dir := range []string{"/tmp/", "/var/tmp/", "/dev/shm/"} {
		if rest, ok := strings.CutPrefix(path, dir); ok {
			base := rest[strings.LastIndexByte(rest, '/')+1:]
			if base != rest {
				base = "*/" + base
			}
			return dir + digits(base)
		}
	}
	return path
}

func digits(name string) string {
	var b strings.Builder
	in := false
	for _, r := range name {
		is := r >= '0' && r <= '9'
		switch {
		case is && !in:
			b.WriteByte('#')
		case !is:
			b.WriteRune(r)
		}
		in = is
	}
	return b.String()
}

// listens names the port that was bound, unless it is one that the kernel
// chose: those are different each time.
func listens(x glovebox.Observation) (string, bool) {
	const chosen = 32768
	a, err := netip.ParseAddrPort(x.Address)
	if err != nil || a.Port() == 0 || a.Port() >= chosen {
		return "", false
	}
	return x.Proto + "/" + a.String()[strings.LastIndexByte(a.String(), ':')+1:], true
}

// set is a sorted set of at most n of the values.
func set(values []string, n int) []string {
	slices.Sort(values)
	values = slices.Compact(values)
	return values[:min(len(values), n)]
}
