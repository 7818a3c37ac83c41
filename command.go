package glovebox

import (
	"maps"
	"slices"
	"strings"
)

// Command is what is executed, with the image's defaults applied.
type Command struct {
	Args    []string `json:"args"`
	Env     []string `json:"env,omitempty"` // NAME=value, each name once
	Workdir string   `json:"workdir"`
	User    string   `json:"user,omitempty"`

	// Snapshot is the one that the job goes on from, "" for none, and Node the
	// one that has it. Args, Env and Workdir are then what the program is told.
	Snapshot string `json:"snapshot,omitempty"`
	Node     string `json:"node,omitempty"`
}

// DefaultPath is PATH where neither job nor image sets one.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Command applies an image's defaults as Docker does: an entrypoint in the
// spec also sets the image's cmd aside. KindCommandMissing if nothing is left
// to run.
func (s Spec) Command(d Defaults) (Command, error) {
	entry, cmd := d.Entrypoint, d.Cmd
	if s.Entrypoint != nil {
		entry, cmd = s.Entrypoint, nil
	}
	if len(s.Cmd) > 0 {
		cmd = s.Cmd
	}
	args := slices.Concat(entry, cmd)
	if len(args) == 0 || args[0] == "" {
		return Command{}, Errorf(KindCommandMissing, "no command, and the image has no entrypoint either").
			On("cmd").Try("say what to run")
	}
	c := Command{Args: args, Env: mergeEnv(d.Env, s.Env), Workdir: s.Workdir, User: s.User}
	if c.Workdir == "" {
		c.Workdir = d.Workdir
	}
	if c.Workdir == "" {
		c.Workdir = "/"
	}
	if c.User == "" {
		c.User = d.User
	}
	return c, nil
}

// mergeEnv puts over on top of base, dropping what is not NAME=value.
func mergeEnv(base []string, over map[string]string) []string {
	all := map[string]string{"PATH": DefaultPath}
	for _, kv := range base {
		if k, v, ok := strings.Cut(kv, "="); ok && k != "" {
			all[k] = v
		}
	}
	maps.Copy(all, over)
	env := make([]string, 0, len(all))
	for _, k := range slices.Sorted(maps.Keys(all)) {
		env = append(env, k+"="+all[k])
	}
	return env
}
