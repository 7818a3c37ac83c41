package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"

	"glovebox"
)

type runFlags struct {
	env, envFile, label    []string
	timeout                time.Duration
	memory, disk, output   size
	cpus                   float64
	pids, inodes           int64
	openFiles              int64
	runtime, workdir, user string
	entrypoint, pull       string
	hasEntrypoint          func() bool
	json, detach, raw      bool
	interactive, noStdin   bool
	template               string
	attempts               int
	idempotent             bool
	keep                   keepFor
	receipt                string
	policy                 policyFlags
	files                  fileFlags
}

func (f *runFlags) define(fs *pflag.FlagSet) {
	fs.StringArrayVarP(&f.env, "env", "e", nil, "KEY=VALUE for the command, or KEY with the value it has here; may be repeated")
	fs.StringArrayVar(&f.envFile, "env-file", nil, "file of such lines; may be repeated")
	fs.DurationVar(&f.timeout, "timeout", 0, "wall time from start, such as 90s (default 10m)")
	fs.VarP(&f.memory, "memory", "m", "memory of everything in the sandbox, such as 512m (default 512m)")
	fs.Float64Var(&f.cpus, "cpus", 0, "cores, such as 0.5 (default 1)")
	fs.Int64Var(&f.pids, "pids", 0, "processes and threads at one time (default 256)")
	fs.Var(&f.disk, "disk", "scratch space, such as 2g (default 1g)")
	fs.Int64Var(&f.inodes, "inodes", 0, "files made in the scratch space (default 100000)")
	fs.Int64Var(&f.openFiles, "files", 0, "open files of one process (default 1024)")
	fs.Var(&f.output, "output-limit", "stdout and stderr together, such as 10m (default 64m)")
	fs.StringVar(&f.runtime, "runtime", "", "gvisor or runc (default gvisor)")
	fs.StringVarP(&f.workdir, "workdir", "w", "", "folder inside to start in (default the image's)")
	fs.StringVarP(&f.user, "user", "u", "", "name or uid[:gid] inside (default the image's)")
	fs.StringVar(&f.entrypoint, "entrypoint", "", "program in place of the image's entrypoint; \"\" for none")
	f.hasEntrypoint = func() bool { return fs.Changed("entrypoint") }
	fs.StringArrayVarP(&f.label, "label", "l", nil, "KEY=VALUE to find the job by; may be repeated")
	fs.StringVar(&f.pull, "pull", "", "missing, always or never (default missing)")
	fs.StringVar(&f.template, "template", "", "go on from this template's snapshot; no IMAGE then")
	fs.IntVar(&f.attempts, "attempts", 0, "place the job up to so many times, if it is our fault that it came to nothing (default 1, at most 10)")
	fs.BoolVar(&f.idempotent, "idempotent", false, "running the command twice does no harm: with --attempts, also after it was started")
	fs.Var(&f.keep, "keep", "how long to keep the job and its output once it is over, such as 2h or 7d (default what the tenant has)")
	f.policy.define(fs)
	f.files.define(fs)
	fs.StringVar(&f.receipt, "receipt", "", "file for the signed receipt; waits until nothing of the job is left")
	fs.BoolVar(&f.json, "json", false, "print one JSON object at the end in place of the output")
	fs.BoolVarP(&f.detach, "detach", "d", false, "print the job's id and do not wait")
	fs.BoolVarP(&f.interactive, "interactive", "i", false, "pass stdin on, also from a terminal")
	fs.BoolVar(&f.noStdin, "no-stdin", false, "leave stdin alone")
	fs.BoolVar(&f.raw, "raw", false, "print control characters as they are, also on a terminal")
	defineDocker(fs)
}

// spec makes the request. The server checks values; what is refused here is
// what could not be sent.
func (f *runFlags) spec(image string, command []string, lookup func(string) (string, bool)) (glovebox.Spec, error) {
	s := glovebox.Spec{
		Image: image, Cmd: command, Template: f.template, Workdir: f.workdir, User: f.user, Runtime: f.runtime,
		Timeout: glovebox.Duration(f.timeout), Attempts: f.attempts, Idempotent: f.idempotent, Retention: glovebox.Duration(f.keep),
		Limits: glovebox.Limits{
			Memory: int64(f.memory), CPUs: f.cpus, Pids: f.pids, Disk: int64(f.disk),
			Inodes: f.inodes, Files: f.openFiles, Output: int64(f.output), Artifacts: int64(f.files.limit),
		},
	}
	if f.hasEntrypoint() {
		s.Entrypoint = []string{}
		if f.entrypoint != "" {
			s.Entrypoint = []string{f.entrypoint}
		}
	}
	if math.IsNaN(f.cpus) || math.IsInf(f.cpus, 0) { // JSON has no such numbers
		return s, glovebox.Errorf(glovebox.KindInvalid, "%v is not a number of cores", f.cpus).On("limits.cpus").
			Try("give a number such as 0.5 or 2 with --cpus")
	}
	var err error
	if s.PullPolicy, err = pullPolicy(f.pull); err != nil {
		return s, err
	}
	if s.Labels, err = parseLabels(f.label); err != nil {
		return s, err
	}
	s.Env, err = f.environment(lookup)
	return s, err
}

// pullPolicy takes Docker's words and Kubernetes'.
func pullPolicy(word string) (string, error) {
	switch strings.ToLower(word) {
	case "":
		return "", nil
	case "missing", "ifnotpresent":
		return glovebox.PullIfNotPresent, nil
	case "always":
		return glovebox.PullAlways, nil
	case "never":
		return glovebox.PullNever, nil
	}
	return "", glovebox.Errorf(glovebox.KindUsage, "--pull cannot be %q", word).Try("use missing, always or never")
}

func parseLabels(pairs []string) (map[string]string, error) {
	labels := map[string]string{}
	for _, p := range pairs {
		k, v, ok := strings.Cut(p, "=")
		if !ok || k == "" {
			return nil, glovebox.Errorf(glovebox.KindUsage, "%q is not a label", p).Try("write it as KEY=VALUE")
		}
		labels[k] = v
	}
	return labels, nil
}

// environment collects files first, so that flags win. A name without a value
// takes the one that it has here; if it has none it is left out, as with Docker.
func (f *runFlags) environment(lookup func(string) (string, bool)) (map[string]string, error) {
	var lines []envLine
	for _, path := range f.envFile {
		more, err := readEnvFile(path)
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
	}
	env := map[string]string{}
	for _, text := range f.env {
		lines = append(lines, envLine{text, "--env"})
	}
	for _, line := range lines {
		k, v, given := strings.Cut(line.text, "=")
		if err := line.check(k); err != nil {
			return nil, err
		}
		if !given {
			if v, given = lookup(k); !given {
				continue
			}
		}
		env[k] = v
	}
	return env, nil
}

// envLine is KEY=VALUE or KEY, and where it stands.
type envLine struct{ text, at string }

// check refuses what cannot be meant for a name. Only names are quoted: a value
// may be a secret.
func (l envLine) check(name string) error {
	switch {
	case name == "":
		return glovebox.Errorf(glovebox.KindUsage, "a variable has no name").On(l.at).Try("write it as KEY=VALUE")
	case strings.HasPrefix(name, "export "), strings.HasPrefix(name, "export\t"):
		return glovebox.Errorf(glovebox.KindUsage, "%q is not a name", name).On(l.at).Try("leave out \"export\": no shell reads this")
	case strings.ContainsFunc(name, unicode.IsSpace):
		return glovebox.Errorf(glovebox.KindUsage, "the name %q has blanks in it", name).On(l.at).Try("write it as KEY=VALUE, without blanks before the =")
	}
	return nil
}

func readEnvFile(path string) ([]envLine, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "%w", err).On("--env-file")
	}
	defer f.Close()
	var lines []envLine
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, glovebox.MaxEnvBytes+1)
	for n := 1; scan.Scan(); n++ {
		line := strings.TrimLeft(scan.Text(), " \t")
		if line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, envLine{line, fmt.Sprintf("%s:%d", path, n)})
		}
	}
	if err := scan.Err(); err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "read %s: %w", path, err).On("--env-file")
	}
	return lines, nil
}
