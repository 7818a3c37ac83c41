package sandbox

import (
	"fmt"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"gvisor.dev/gvisor/runsc/config"
	"gvisor.dev/gvisor/runsc/flag"
	"gvisor.dev/gvisor/runsc/specutils"

	"glovebox/shim/bootcmd"
)

// gvisorConfig builds runsc's configuration the way its command line would:
// stock defaults, plus what is listed here.
func gvisorConfig(dir string, spec *specs.Spec, scratch Scratch, initConfig, debugLog string) (*config.Config, error) {
	settings := map[string]string{
		"root":     dir,
		"platform": "systrap",
		"network":  network(spec),
		"overlay2": overlay(scratch),
		// The launcher does what runsc would do with control groups; runsc's
		// own way moves the whole calling process and is not safe in parallel.
		"ignore-cgroups": "true",
	}
	if initConfig != "" {
		settings["pod-init-config"] = initConfig
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
	if err := specutils.FixConfig(conf, spec); err != nil {
		return nil, fmt.Errorf("gVisor configuration from annotations: %w", err)
	}
	return conf, nil
}

// network is a stack of gVisor's own on the links of the given namespace, or
// loopback only. The host's stack is never used.
func network(spec *specs.Spec) string {
	if ns, ok := specutils.GetNS(specs.NetworkNamespace, spec); ok && ns.Path != "" {
		return "sandbox"
	}
	return "none"
}

func overlay(s Scratch) string {
	if s.Dir == "" {
		return "none"
	}
	options := []string{fmt.Sprint(s.Size)}
	if s.Inodes > 0 {
		options = append(options, fmt.Sprintf("nr_inodes=%d", s.Inodes))
	}
	return fmt.Sprintf("root:dir=%s,size=%s", s.Dir, strings.Join(options, bootcmd.OptionSeparator))
}
