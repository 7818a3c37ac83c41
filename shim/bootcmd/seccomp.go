package bootcmd

import (
	_ "unsafe" // for go:linkname

	"gvisor.dev/gvisor/pkg/seccomp/precompiledseccomp"
	"gvisor.dev/gvisor/runsc/boot/filter"
)

//go:generate go run glovebox/shim/seccompgen seccomp_gen.go

// precompiledPrograms is where gVisor looks for filters that need not be
// compiled any more. Its own build fills it from generated code; the published
// Go module has an empty stub.
//
//go:linkname precompiledPrograms gvisor.dev/gvisor/runsc/boot/filter.precompiledPrograms
var precompiledPrograms map[string]precompiledseccomp.Program

// sentryPID is the process id one of the rules was compiled for: the sentry is
// the first process of its pid namespace.
const sentryPID = 1

// useCompiledFilters offers ours to a sentry with that process id. They are
// found by a key that lists every option the rules depend on; for any other
// key gVisor compiles as usual.
func useCompiledFilters(pid int) {
	if pid != sentryPID {
		return
	}
	filter.ListPrecompiled() // makes the map, once
	for _, p := range compiledFilters {
		precompiledPrograms[p.Name] = p
	}
}
