package watch

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"glovebox"
)

// ProfileOf is the profile of one run, but for what its network refused.
func ProfileOf(o glovebox.Observed) glovebox.Profile {
	p := glovebox.Profile{
		Runs: 1, Calls: slices.Collect(maps.Keys(o.Calls)), Missed: maps.Clone(o.Missed),
		Memory: o.Usage.MemoryPeak, CPU: int64(o.Usage.CPUTime), Disk: o.Disk, Tasks: o.TasksPeak,
	}
	for _, x := range o.Things[:min(len(o.Things), maxThings)] {
		p.Kinds = append(p.Kinds, clip(x.Kind))
		switch x.Kind {
		case glovebox.ObserveExec, glovebox.ObserveMiner:
			p.Execs = append(p.Execs, shape(x.Path))
		case glovebox.ObserveBind:
			if name, ok := listens(x); ok {
				p.Binds = append(p.Binds, name)
			}
		}
	}
	return p.Ordered()
}

// learnsExecs says whether there is a profile that knows programs.
func learnsExecs(p *glovebox.Profile) bool { return p != nil && len(p.Execs) > 0 }

func executed(p *glovebox.Profile, path string) bool { return has(p.Execs, shape(path)) }

// has looks into a list of a profile.
func has(list []string, value string) bool {
	_, ok := slices.BinarySearch(list, value)
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
			return clip(dir + digits(base))
		}
	}
	return clip(path)
}

// clip is a text as a profile can have it.
func clip(text string) string { return Line(text) }

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
	return clip(x.Proto) + "/" + a.String()[strings.LastIndexByte(a.String(), ':')+1:], true
}
