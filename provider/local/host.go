package local

import (
	"glovebox"
	"glovebox/internal/nodev1"
)

// maxHostText bounds each thing that a node says of itself: it ends up in jobs.
const maxHostText = 200

// host is what a node says of itself, as far as it concerns a job of a runtime.
func host(info *nodev1.NodeInfo, runtime string) *glovebox.Host {
	if info == nil {
		return nil
	}
	short := func(s string) string { return s[:min(len(s), maxHostText)] }
	return &glovebox.Host{
		Agent: short(info.GetVersion()), Runtime: short(info.GetRuntimeVersions()[runtime]),
		Kernel: short(info.GetKernel()), Platform: short(info.GetPlatform()),
	}
}
