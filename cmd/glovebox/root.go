package main

import (
	"strings"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/internal/instance"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "glovebox",
		Short:         "Run containers as if they were hostile, each in a single-use sandbox",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchCommand,

		SuggestionsMinimumDistance: 2,

		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetIn(a.stdin)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return flagError(err, "see %s --help", cmd.CommandPath())
	})
	root.PersistentFlags().StringVar(&a.data, "data", "",
		"folder of the instance (default $"+instance.EnvDir+" or "+instance.DefaultDir+")")
	root.PersistentFlags().StringVar(&a.context, "context", "",
		"server that you are logged in to (default $"+envContext+", or the current one; see glovebox contexts)")
	root.AddCommand(
		a.upCommand(), a.runCommand(), a.jobsCommand(), a.showCommand(), a.logsCommand(), a.artifactsCommand(), a.cancelCommand(), a.deleteCommand(), a.receiptCommand(),
		a.imageCommand(), a.doctorCommand(), a.versionCommand(), exitCodesTopic(),
		a.controlCommand(), a.agentCommand(), a.filterCommand(), a.liveCommand(),
		a.backupCommand(), a.restoreCommand(), a.backupReadCommand(), a.restoreSettleCommand(),
	)
	root.AddCommand(a.accountCommands()...)
	refuseUnknownTopics(root)
	return root
}

// refuseUnknownTopics makes `help nonsense` fail; cobra's would not.
func refuseUnknownTopics(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, err := root.Find([]string{"help"})
	if err != nil || help == root {
		return
	}
	show := help.Run
	help.Run = nil
	help.RunE = func(cmd *cobra.Command, args []string) error {
		topic, rest, err := root.Find(args)
		if err != nil {
			return glovebox.Errorf(glovebox.KindUsage, "%w", err).Try("see %s --help", root.CommandPath())
		}
		if topic.HasSubCommands() && len(rest) > 0 {
			return noSuchCommand(topic, rest)
		}
		show(cmd, args)
		return nil
	}
}

func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := glovebox.Errorf(glovebox.KindUsage, "%s has no command %q", cmd.CommandPath(), args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return err.Try("did you mean %s?", strings.Join(near, " or "))
	}
	return err.Try("see %s --help", cmd.CommandPath())
}

// takes checks the number of arguments; max < 0 means any number.
func takes(minimum, maximum int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < minimum:
			return glovebox.Errorf(glovebox.KindUsage, "%s needs more arguments", cmd.CommandPath()).Try("usage: %s", cmd.UseLine())
		case maximum >= 0 && len(args) > maximum:
			return glovebox.Errorf(glovebox.KindUsage, "%s does not take %q", cmd.CommandPath(), args[maximum]).Try("usage: %s", cmd.UseLine())
		}
		return nil
	}
}
