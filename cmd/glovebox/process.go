package main

import (
	"os"

	"github.com/spf13/pflag"

	"glovebox/internal/supervise"
)

// processFlags are those that `up` gives to control and the agent.
type processFlags struct {
	bin, format string
	debug       bool
}

func (f *processFlags) define(fs *pflag.FlagSet) {
	fs.StringVar(&f.format, "log-format", supervise.FormatText, "text or json")
	fs.BoolVar(&f.debug, "debug", false, "log more")
}

// nameProcess gives ps and top a name to show: we were executed through a
// descriptor, so the kernel took its number for the name.
func nameProcess() {
	_ = os.WriteFile("/proc/self/comm", []byte("glovebox"), 0) // only for show
}
