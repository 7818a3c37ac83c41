package main

import (
	"debug/buildinfo"

	"glovebox"
)

// gvisorModule is the module whose version is gVisor's.
const gvisorModule = "gvisor.dev/gvisor"

// runtimeVersions says which versions of the runtimes are here, as the programs
// themselves have it written in them; what does not say is left out.
func runtimeVersions(t tools) map[string]string {
	all := map[string]string{}
	if v := moduleVersion(t.shim, gvisorModule); v != "" {
		all[glovebox.RuntimeGVisor] = gvisorModule + " " + v
	}
	if path := findRunc(); path != "" {
		if info, err := buildinfo.ReadFile(path); err == nil && info.Main.Path != "" {
			all[glovebox.RuntimeRunc] = info.Main.Path + " " + info.Main.Version
		}
	}
	return all
}

// moduleVersion is the version of a module in a program; "" if it has none.
func moduleVersion(program, module string) string {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == module {
			if m.Replace != nil {
				m = m.Replace
			}
			return m.Version
		}
	}
	return ""
}
