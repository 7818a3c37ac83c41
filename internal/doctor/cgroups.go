package doctor

import (
	"context"
	"slices"
	"strings"
)

// controllers that keep a job within its limits.
var controllers = []string{"cpu", "memory", "pids"}

// cgroups finds out which hierarchy has the controllers. A hybrid machine has
// them in version 1 and an empty version 2 beside it.
func cgroups(_ context.Context, p Patient) Finding {
	mounts, err := p.read("/proc/self/mountinfo")
	if err != nil {
		return fail("%v", err)
	}
	v1, unified := cgroupMounts(mounts)
	var have []string
	version := "version 1"
	switch {
	case unified == "" && len(v1) == 0:
		return fail("no hierarchy is mounted").try("mount cgroup2 at /sys/fs/cgroup")
	case len(v1) > 0:
		have = v1
		if unified != "" {
			version = "hybrid (version 1 with version 2 beside it)"
		}
	default:
		version = "version 2"
		text, err := p.read(unified + "/cgroup.controllers")
		if err != nil {
			return fail("%v", err)
		}
		have = strings.Fields(text)
	}
	var missing []string
	for _, c := range controllers {
		if !slices.Contains(have, c) {
			missing = append(missing, c)
		}
	}
	if len(missing) > 0 {
		return fail("%s without %s", version, strings.Join(missing, ", ")).
			try("enable these controllers, for instance with systemd.unified_cgroup_hierarchy=1 on the kernel's command line")
	}
	return ok("%s with %s", version, strings.Join(controllers, ", "))
}

// cgroupMounts returns the controllers of version 1 and where version 2 is.
func cgroupMounts(mountinfo string) (v1 []string, unified string) {
	for line := range strings.Lines(mountinfo) {
		// "id parent major:minor root point options … - type source super"
		before, after, found := strings.Cut(line, " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if !found || len(f) < 5 || len(g) < 3 {
			continue
		}
		switch g[0] {
		case "cgroup":
			for _, o := range strings.Split(g[2], ",") {
				if slices.Contains(controllers, o) {
					v1 = append(v1, o)
				}
			}
		case "cgroup2":
			unified = f[4]
		}
	}
	return v1, unified
}
