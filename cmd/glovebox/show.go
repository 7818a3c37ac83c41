package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"glovebox/client"
)

func (a *app) showCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show JOB", Short: "Show all there is to know about a job", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			id, err := jobID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			j, err := c.Job(cmd.Context(), id)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(a.stdout, j)
			}
			return a.printJob(j)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printJob writes one line for each thing that is known.
func (a *app) printJob(j client.Job) error {
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, l := range slices.Concat(endLines(j), specLines(j), policyLines(j), timeLines(j)) {
		if l[1] != "" {
			fmt.Fprintf(t, "%s\t%s\n", l[0], inert(l[1]))
		}
	}
	return t.Flush()
}

func endLines(j client.Job) [][2]string {
	lines := [][2]string{{"job", j.ID}, {"status", string(j.Status)}, {"outcome", string(j.Outcome)}, {"reason", string(j.Reason)}}
	if j.Error != nil {
		lines = append(lines, [2]string{"error", faultText(*j.Error)}, [2]string{"hint", j.Error.Hint})
	}
	if r := j.Result; r != nil {
		lines = append(lines, [2]string{"exit code", fmt.Sprint(r.ExitCode)}, [2]string{"ran", brief(time.Duration(r.Duration))})
		lines = append(lines, [2]string{"started from", startedFrom(r.StartedFrom, r.Template)})
		if r.MemoryPeak > 0 {
			lines = append(lines, [2]string{"memory peak", humanSize(r.MemoryPeak)})
		}
		if r.CPUTime > 0 {
			lines = append(lines, [2]string{"cpu time", brief(time.Duration(r.CPUTime))})
		}
	}
	out := fmt.Sprintf("%s on stdout, %s on stderr", humanSize(j.Output.Stdout), humanSize(j.Output.Stderr))
	switch {
	case j.Output.Truncated:
		out += ", cut at the limit"
	case !j.Output.Sealed:
		out += " so far"
	}
	lines = append(lines, [2]string{"output", out}, [2]string{"artifacts", artifactsText(j)})
	if j.Receipt != nil {
		lines = append(lines, [2]string{"receipt", j.Receipt.Digest})
	}
	return lines
}

// artifactsText says what the job has left; "" if that is nothing.
func artifactsText(j client.Job) string {
	a := j.Artifacts
	switch {
	case a == nil:
		return ""
	case a.Refused:
		return "refused: what the node sent does not check out"
	}
	text := plural(a.Files, "file") + ", " + humanSize(a.Bytes)
	if !j.Output.Sealed {
		text = humanSize(a.Bytes) + " so far"
	}
	if a.LeftOut > 0 || a.Truncated {
		text += fmt.Sprintf(", %d left out", a.LeftOut)
	}
	return text
}

func specLines(j client.Job) [][2]string {
	s := j.Spec
	l := s.Limits
	lines := [][2]string{
		{"image", s.Image}, {"resolved", strings.Trim(j.Image.Name+" "+j.Image.Digest, " ")},
		{"entrypoint", quoted(s.Entrypoint)}, {"command", quoted(s.Cmd)},
		{"workdir", s.Workdir}, {"user", s.User}, {"runtime", s.Runtime}, {"timeout", time.Duration(s.Timeout).String()},
		{"limits", fmt.Sprintf("memory %s, cpus %v, pids %d, disk %s, inodes %d, files %d, output %s, artifacts %s",
			humanSize(l.Memory), l.CPUs, l.Pids, humanSize(l.Disk), l.Inodes, l.Files, humanSize(l.Output), humanSize(l.Artifacts))},
	}
	for _, f := range s.Files {
		lines = append(lines, [2]string{"file", fmt.Sprintf("%s, %s, %s", f.Path, humanSize(f.Size), f.Digest)})
	}
	for _, k := range slices.Sorted(maps.Keys(s.Env)) {
		lines = append(lines, [2]string{"env", k + "=" + s.Env[k]})
	}
	for _, k := range slices.Sorted(maps.Keys(s.Labels)) {
		lines = append(lines, [2]string{"label", k + "=" + s.Labels[k]})
	}
	return lines
}

func timeLines(j client.Job) [][2]string {
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Local().Format("2006-01-02 15:04:05.000 MST")
	}
	lines := [][2]string{
		{"owner", j.Owner}, {"node", j.Node}, {"attempt", fmt.Sprint(j.Attempt)},
		{"created", stamp(j.CreatedAt)}, {"placed", stamp(j.PlacedAt)}, {"started", stamp(j.StartedAt)},
		{"ended", stamp(j.EndedAt)}, {"archived", stamp(j.ArchivedAt)},
	}
	if !j.ExpiresAt.IsZero() {
		lines = append(lines, [2]string{"kept until", stamp(j.ExpiresAt)})
	}
	for _, c := range j.Causes {
		text := fmt.Sprintf("%s at %s", c.Reason, stamp(c.EndedAt))
		if c.Error != nil {
			text += ": " + faultText(*c.Error)
		}
		lines = append(lines, [2]string{fmt.Sprintf("attempt %d", c.Attempt), text})
	}
	if j.Cancel != nil {
		lines = append(lines, [2]string{"cancelled by", j.Cancel.By + " at " + stamp(j.Cancel.At)})
	}
	return lines
}

// quoted writes arguments so that one sees where each begins and ends.
func quoted(args []string) string {
	words := make([]string, len(args))
	for i, w := range args {
		if words[i] = w; w == "" || strings.ContainsAny(w, " \t\n\"'\\$`;|&<>()*?#") {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
