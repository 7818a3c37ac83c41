package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"glovebox"
)

// exitCodesTopic is `glovebox help exit-codes`, made from the list of kinds so
// that it cannot be out of date.
func exitCodesTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString(`Every command exits 0 when it did what was asked.

glovebox run exits with the exit code of the command that it ran, or with one
of the codes below if the job failed or could not be submitted. A command may
use any code itself: with --json, or in glovebox show, "outcome" and "reason"
tell them apart. 141 means that nobody read the output any more.

`)
	all := glovebox.Kinds()
	slices.SortFunc(all, func(x, y glovebox.Kind) int { return cmp.Compare(x.Info().Exit, y.Info().Exit) })
	for _, k := range all {
		fmt.Fprintf(&b, "  %3d  %-16s %s\n", k.Info().Exit, k, k.Info().Title)
	}
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: b.String()}
}
