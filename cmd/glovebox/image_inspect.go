package main

import (
	"strings"

	"github.com/spf13/cobra"

	"glovebox/client"
	"glovebox/policy"
)

func (a *app) imageInspectCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "inspect NAME", Short: "Show what an image lets one guess of its jobs", Args: takes(1, 1),
		Long: `Show an image that is here: what it runs by itself, the ports that it says it
listens at, the package managers in it and where these fetch from. None of it is
allowed by that: it is the image author's word and a list of well-known places.
For a policy to begin with: glovebox policy learn --image NAME.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				found, err := c.InspectImage(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(a.stdout, found)
				}
				return a.printLines(inspected(found))
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// inspected is what was found, for people.
func inspected(f client.ImageInspected) [][2]string {
	lines := [][2]string{
		{"image", f.Image.Name}, {"digest", f.Image.Digest}, {"platform", f.Image.Platform},
		{"size", humanSize(f.Image.Size) + ", unpacked " + humanSize(f.Image.Unpacked)},
		{"entry point", quoted(f.Entrypoint)}, {"command", quoted(f.Cmd)}, {"user", f.User}, {"folder", f.Workdir},
		{"listens at", strings.Join(f.Listens, ", ")}, {"package managers", strings.Join(f.Managers, ", ")},
	}
	for _, r := range f.Policy.Policy().Egress {
		lines = append(lines, [2]string{"may fetch", policy.Rule(r)})
	}
	return lines
}

// fromImage is a policy to begin with for jobs of an image, and what it says of
// itself as comments.
func fromImage(f client.ImageInspected) []byte {
	comments := []string{
		"For jobs of " + inert(f.Image.Name) + ", which did not run: these are the usual",
		"places of the package managers in it. Take out what the jobs do not need.",
	}
	if len(f.Managers) > 0 {
		comments = append(comments, "Package managers: "+inert(strings.Join(f.Managers, ", ")))
	}
	if len(f.Listens) > 0 {
		comments = append(comments, "It says that it listens at "+inert(strings.Join(f.Listens, ", "))+"; a sandbox lets nobody in.")
	}
	return policy.YAML(*f.Policy.Policy(), comments, nil)
}
