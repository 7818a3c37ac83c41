package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"glovebox/client"
)

// version is set by the linker; without it the build's commit is used.
var version string

// buildName names this build.
func buildName() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			revision = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if revision == "" {
		return info.Main.Version
	}
	return "devel-" + revision + dirty
}

// versions is what `version --json` prints.
type versions struct {
	Version  string          `json:"version"`
	Go       string          `json:"go"`
	Platform string          `json:"platform"`
	Server   *client.Version `json:"server"` // null if none is running
}

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "version", Short: "Say which version this is, and the service's if it is up", Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := versions{Version: buildName(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			v.Server = a.serverVersion(cmd.Context())
			if asJSON {
				return printJSON(a.stdout, v)
			}
			fmt.Fprintf(a.stdout, "glovebox %s (%s, %s)\n", v.Version, v.Go, v.Platform)
			if v.Server != nil {
				fmt.Fprintf(a.stdout, "service  %s (%s)\n", inert(v.Server.Version), inert(v.Server.Go))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// serverVersion returns nil if nobody answers: that is no error here.
func (a *app) serverVersion(ctx context.Context) *client.Version {
	c, err := a.client()
	if err != nil {
		return nil
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	v, err := c.Version(ctx)
	if err != nil {
		return nil
	}
	return &v
}
