// Package bootcmd is the part of runsc that runs inside a sandbox's processes:
// the gofer, the sentry and the little process that unmounts /proc for them.
// It is gVisor's own code behind gVisor's own command line; what it adds is
// listed in this package and nothing else.
package bootcmd

import (
	"context"
	"os"

	"github.com/google/subcommands"
	"gvisor.dev/gvisor/pkg/log"
	"gvisor.dev/gvisor/runsc/cli"
	"gvisor.dev/gvisor/runsc/cmd"
	"gvisor.dev/gvisor/runsc/cmd/util"
	"gvisor.dev/gvisor/runsc/flag"

	"glovebox/shim/warden"
)

// Main runs the command line.
func Main() {
	// Without --debug gVisor formats its log and throws it away.
	log.SetLevel(log.Warning)
	cli.Run(map[util.SubCommand]string{
		new(bootCommand): "internal",
		new(cmd.Umount):  "internal",
	}, nil)
}

// bootCommand is runsc's boot with what this package adds.
type bootCommand struct{ cmd.Boot }

// Execute implements subcommands.Command.
func (b *bootCommand) Execute(ctx context.Context, f *flag.FlagSet, args ...any) subcommands.ExitStatus {
	// boot re-executes itself twice; only the last image is the sentry.
	if isTrue(f, "setup-root") || isTrue(f, "apply-caps") {
		return b.Boot.Execute(ctx, f, args...)
	}
	if err := warden.Meet(); err != nil {
		util.Fatalf("%v", err)
	}
	useCompiledFilters(os.Getpid())
	fewPoints()
	if err := useRoomyPlatform(); err != nil {
		util.Fatalf("%v", err)
	}
	settleGC(settleAfter)
	return b.Boot.Execute(ctx, f, args...)
}

func isTrue(f *flag.FlagSet, name string) bool {
	fl := f.Lookup(name)
	return fl != nil && fl.Value.String() == "true"
}
