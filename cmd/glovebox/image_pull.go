package main

import (
	"github.com/spf13/cobra"

	"glovebox/client"
)

func (a *app) imagePullCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "pull NAME", Short: "Fetch an image from its registry", Args: takes(1, 1),
		Long: `Fetch an image from its registry, so that jobs that name it start at once. A job
does the same by itself if need be. The image's full name is printed.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			bar := a.newProgress()
			image, err := c.PullImage(cmd.Context(), args[0], func(p client.PullProgress) { bar.show(phase(p), p.Done, p.Total) })
			bar.clear()
			if err != nil {
				return err
			}
			return a.printImages([]client.Image{image}, asJSON, !asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func phase(p client.PullProgress) string {
	if p.Layer == "" {
		return p.Phase
	}
	return p.Phase + " " + cut(p.Layer, len("sha256:")+13)
}
