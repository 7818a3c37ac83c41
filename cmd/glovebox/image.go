package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"glovebox/client"
)

func (a *app) imageCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "image", Short: "Keep the images that jobs can name", Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.imageImportCommand(), a.imageInspectCommand(), a.imageListCommand(), a.imagePullCommand(), a.imageRemoveCommand())
	return cmd
}

func (a *app) imageListCommand() *cobra.Command {
	var asJSON, quiet bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List images", Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			images, err := c.Images(cmd.Context())
			if err != nil {
				return err
			}
			return a.printImages(images, asJSON, quiet)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print only names")
	cmd.MarkFlagsMutuallyExclusive("quiet", "json")
	return cmd
}

func (a *app) printImages(images []client.Image, asJSON, quiet bool) error {
	if asJSON {
		if images == nil {
			images = []client.Image{} // an empty list, not null
		}
		return printJSON(a.stdout, images)
	}
	var rows [][]string
	for _, i := range images {
		if quiet {
			fmt.Fprintln(a.stdout, inert(i.Name))
			continue
		}
		rows = append(rows, []string{
			i.Name, cut(i.Digest, len("sha256:")+13), i.Platform, humanSize(i.Size), humanSize(i.Unpacked),
			i.Source, i.CreatedAt.Local().Format("2006-01-02 15:04"),
		})
	}
	if quiet {
		return nil
	}
	return printTable(a.stdout, []string{"NAME", "DIGEST", "PLATFORM", "SIZE", "UNPACKED", "SOURCE", "KEPT SINCE"}, rows)
}

func (a *app) imageRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rm NAME...", Aliases: []string{"remove"}, Short: "Forget images", Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			for _, name := range args {
				if err := c.RemoveImage(cmd.Context(), name); err != nil {
					return err
				}
				fmt.Fprintln(a.stdout, inert(name))
			}
			return nil
		},
	}
}
