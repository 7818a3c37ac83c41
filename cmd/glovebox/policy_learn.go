package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
	"glovebox/policy"
)

// maxLearned bounds the events that are read of one job.
const maxLearned = 1_000_000

func (a *app) policyLearnCommand() *cobra.Command {
	var asJSON bool
	var image string
	cmd := &cobra.Command{
		Use: "learn JOB... | --image NAME", Short: "Print the smallest policy that explains what jobs did", Args: takes(0, -1),
		Long: `Read the events of jobs, usually of "glovebox run --observe", and print the smallest
policy that explains what they connected to: names, ports, protocols and, where
requests could be read, methods and paths. Many paths become prefixes. What was
refused is left out and said in a comment. What else they were seen to do is the
policy's profile: programs, ports they listened at, system calls, how much they
used. A run with the policy is ended if it leaves that by watch.drift or more.
Read the policy before you use it: it allows what was seen, good or bad.

With --image, before any job has run, print where the package managers in an image
usually fetch from, to begin with.`,
		Example: "  glovebox policy learn --image app > first.yaml\n  id=$(glovebox run --observe --detach app); glovebox policy learn $id > app.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) > 0) == (image != "") {
				return glovebox.Errorf(glovebox.KindUsage, "either jobs or an image").Try("glovebox policy learn JOB, or: glovebox policy learn --image NAME")
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			if image != "" {
				return a.learnImage(cmd.Context(), c, image, asJSON)
			}
			var runs []policy.Run
			for _, arg := range args {
				run, err := a.seen(cmd.Context(), c, arg)
				if err != nil {
					return err
				}
				runs = append(runs, run)
			}
			l := policy.Learn(runs...)
			if asJSON {
				return printJSON(a.stdout, l.Policy)
			}
			_, err = a.stdout.Write(l.YAML())
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, without comments")
	cmd.Flags().StringVar(&image, "image", "", "guess from an image, in place of jobs")
	return cmd
}

// learnImage prints a policy to begin with.
func (a *app) learnImage(ctx context.Context, c *client.Client, name string, asJSON bool) error {
	found, err := c.InspectImage(ctx, name)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.stdout, *found.Policy.Policy())
	}
	_, err = a.stdout.Write(fromImage(found))
	return err
}

func (a *app) policyDriftCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "drift FILE JOB", Short: "Say how far a job left a policy, such as a learned one", Args: takes(2, 2),
		Long: `Hold the events of a job against a policy: its network and, if the policy has a
profile, what else it did. The score is 0 for a job that stayed within, and nears 1
the more it left. What was refused counts, too.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.readPolicy(args[0])
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			run, err := a.seen(cmd.Context(), c, args[1])
			if err != nil {
				return err
			}
			d := leftProfile(policy.Drift(p, run.Events), p, run.Events)
			if asJSON {
				return printJSON(a.stdout, map[string]any{"jobID": run.Job, "score": d.Score, "lines": orEmpty(d.Lines)})
			}
			fmt.Fprintf(a.stdout, "score %.2f\n", d.Score)
			var rows [][]string
			for _, l := range d.Lines {
				rows = append(rows, []string{fmt.Sprintf("%.2f", l.Weight), fmt.Sprint(l.Times), inert(l.What), l.Why})
			}
			return printTable(a.stdout, []string{"WEIGHT", "TIMES", "WHAT", "WHY"}, rows)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// seen reads what a job was seen to do.
func (a *app) seen(ctx context.Context, c *client.Client, job string) (policy.Run, error) {
	id, err := jobID(ctx, c, job)
	if err != nil {
		return policy.Run{}, err
	}
	j, err := c.Job(ctx, id)
	if err != nil {
		return policy.Run{}, err
	}
	run := policy.Run{Job: id}
	if j.Result != nil {
		run.Usage.MemoryPeak = j.Result.MemoryPeak
	}
	r, err := c.Output(ctx, id, client.Events, client.OutputOptions{})
	if err != nil {
		return run, err
	}
	defer r.Close()
	run.Events, err = readEvents(r)
	return run, err
}

// readEvents reads NetEvents, a line of JSON each.
func readEvents(r io.Reader) ([]glovebox.NetEvent, error) {
	var all []glovebox.NetEvent
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		var e glovebox.NetEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, glovebox.Errorf(glovebox.KindInternal, "event %d cannot be read: %w", len(all)+1, err)
		}
		if all = append(all, e); len(all) > maxLearned {
			return nil, glovebox.Errorf(glovebox.KindTooLarge, "the job has more than %d events", maxLearned)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "read events: %w", err)
	}
	return all, nil
}
