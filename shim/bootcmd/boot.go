// Package bootcmd is the part of runsc that runs inside a sandbox's processes:
// the gofer, the sentry and the little process that unmounts /proc for them.
// It is gVisor's own code behind gVisor's own command line; what it adds is
// listed in this package and nothing else.
package bootcmd

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/google/subcommands"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/runsc/cli"
	"gvisor.dev/gvisor/runsc/cmd"
	"gvisor.dev/gvisor/runsc/cmd/util"
	"gvisor.dev/gvisor/runsc/flag"
	"gvisor.dev/gvisor/runsc/specutils"

	"glovebox/shim/warden"
)

// Main runs the command line.
func Main() {
	cli.Run(map[util.SubCommand]string{
		new(bootCommand): "internal",
		new(cmd.Gofer):   "internal",
		new(cmd.Umount):  "internal",
	}, nil)
}

// bootCommand is runsc's boot with mount options for the scratch layer.
type bootCommand struct{ cmd.Boot }

// OptionSeparator stands for the comma between options of the scratch tmpfs.
// gVisor appends the configured size to "size=" and hands the result to tmpfs,
// which splits on commas and knows nr_inodes; but on the way there are flags
// that split on commas too.
const OptionSeparator = ";"

// Execute implements subcommands.Command.
func (b *bootCommand) Execute(ctx context.Context, f *flag.FlagSet, args ...any) subcommands.ExitStatus {
	// boot re-executes itself twice, printing its flags for the next image;
	// commas may only appear once the last image is reached.
	if isTrue(f, "setup-root") || isTrue(f, "apply-caps") {
		return b.Boot.Execute(ctx, f, args...)
	}
	if err := unpackScratchOptions(f); err != nil {
		util.Fatalf("%v", err)
	}
	warden.WatchScratch(scratchFile(f))
	useCompiledFilters(os.Getpid())
	settleGC()
	code := b.Boot.Execute(ctx, f, args...)
	if ws, ok := args[1].(*unix.WaitStatus); ok && code == subcommands.ExitSuccess {
		warden.NoteExit(*ws)
	}
	return code
}

func isTrue(f *flag.FlagSet, name string) bool {
	fl := f.Lookup(name)
	return fl != nil && fl.Value.String() == "true"
}

func unpackScratchOptions(f *flag.FlagSet) error {
	fl := f.Lookup("gofer-mount-confs")
	if fl == nil {
		return fmt.Errorf("gVisor's boot has no gofer-mount-confs flag any more")
	}
	confs, ok := fl.Value.(*specutils.GoferMountConfFlags)
	if !ok {
		return fmt.Errorf("gofer-mount-confs has become a %T", fl.Value)
	}
	for i := range *confs {
		(*confs)[i].Size = strings.ReplaceAll((*confs)[i].Size, OptionSeparator, ",")
	}
	return nil
}

// scratchFile is the descriptor of the file behind the root's scratch layer,
// which gVisor lists first, or zero.
func scratchFile(f *flag.FlagSet) int {
	fl := f.Lookup("gofer-filestore-fds")
	if fl == nil {
		return 0
	}
	first, _, _ := strings.Cut(fl.Value.String(), ",")
	fd, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return fd
}
