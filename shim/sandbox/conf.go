package sandbox

import (
	"fmt"
	"runtime"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"gvisor.dev/gvisor/runsc/config"
	"gvisor.dev/gvisor/runsc/flag"
	"gvisor.dev/gvisor/runsc/specutils"

	"glovebox/shim/cgroup"
)

// gvisorConfig builds runsc's configuration the way its command line would:
// stock defaults, plus what is listed here.
func gvisorConfig(dir string, spec *specs.Spec, debugLog string) (*config.Config, error) {
	settings := map[string]string{
		"root":     dir,
		"platform": "systrap",
		"network":  network(spec),
		// Scratch layers are asked for one by one; see filestore.
		"overlay2": "none",
		// The launcher does what runsc would do with control groups; runsc's
		// own way moves the whole calling process and is not safe in parallel.
		"ignore-cgroups": "true",
		// Advice about the host is the doctor's, not each sandbox's.
		"host-settings": "ignore",
	}
	if debugLog != "" {
		settings["debug"] = "true"
		settings["debug-log"] = debugLog
	}
	flags := flag.NewFlagSet("runsc", flag.ContinueOnError)
	config.RegisterFlags(flags)
	for name, value := range settings {
		if err := flags.Set(name, value); err != nil {
			return nil, fmt.Errorf("gVisor setting %s=%s: %w", name, value, err)
		}
	}
	conf, err := config.NewFromFlags(flags)
	if err != nil {
		return nil, fmt.Errorf("gVisor configuration: %w", err)
	}
	return conf, nil
}

// network is a stack of gVisor's own on the links of the given namespace, or
// loopback only. The host's stack is never used.
func network(spec *specs.Spec) string {
	if netns(spec) != "" {
		return "sandbox"
	}
	return "none"
}

// netns is the path of the network namespace, or empty for an empty one.
func netns(spec *specs.Spec) string {
	ns, _ := specutils.GetNS(specs.NetworkNamespace, spec)
	return ns.Path
}

// shownCPUs is how many processors a job with these limits sees, so that
// programs that size themselves by it do well.
func shownCPUs(l cgroup.Limits) int {
	if l.Quota <= 0 {
		return 0
	}
	// Not below two, as runsc has it: with one processor some programs leave
	// out locks.
	n := (uint64(l.Quota) + l.Period - 1) / l.Period
	return int(min(max(n, 2), uint64(runtime.NumCPU())))
}
