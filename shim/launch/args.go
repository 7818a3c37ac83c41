package launch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Flags of gVisor's boot that say what is left to do.
const (
	flagRoot = "setup-root"
	flagCaps = "apply-caps"
	flagSync = "proc-mount-sync-fd"
)

// known lists the flags that change what gVisor does in these steps, with the
// values this package knows what to do for. For the others it is the same.
var known = map[string][]string{
	"platform":                {"systrap"},
	"network":                 {"none", "sandbox"},
	"directfs":                {"true"},
	"rootless":                {"false"},
	"nvproxy":                 {"false"},
	"tpuproxy":                {"false"},
	"TESTONLY-unsafe-nonroot": {"false"},
	"coverage-fd":             {},
	"sync-userns-fd":          {"-1"},
	"uid":                     {"0"},
	"gid":                     {"0"},
	flagSync:                  {"-1"},
	flagRoot:                  {"true"},
	flagCaps:                  {"true"},
}

// args is gVisor's command line for a sentry that has everything to do.
type args struct {
	argv []string
	boot int // where the word "boot" is
}

// IsBoot says that a command line is the sentry's.
func IsBoot(argv []string) bool { return slices.Contains(argv, "boot") }

func parseArgs(argv []string) (args, error) {
	a := args{argv, slices.Index(argv, "boot")}
	seen := map[string]bool{}
	for _, arg := range argv {
		name, value, ok := parseFlag(arg)
		if !ok {
			continue
		}
		if allowed, matters := known[name]; matters && !slices.Contains(allowed, value) {
			return a, fmt.Errorf("launch: gVisor's flag %s has a value not provided for", arg)
		}
		seen[name] = true
	}
	if a.boot < 1 || a.boot == len(argv)-1 || !seen[flagRoot] || !seen[flagCaps] {
		return a, fmt.Errorf("launch: not a command line for a sentry with everything to do: %q", argv)
	}
	return a, nil
}

// parseFlag takes one word apart. A flag's value may also be the next word;
// gVisor does not write any of the known flags that way, and with no value in
// the word they count as true, which is refused where it is not meant.
func parseFlag(arg string) (name, value string, ok bool) {
	name, ok = strings.CutPrefix(arg, "-")
	name = strings.TrimPrefix(name, "-")
	name, value, given := strings.Cut(name, "=")
	if !given {
		value = "true"
	}
	return name, value, ok && name != ""
}

// settled is the command line for a sentry that finds it all done. More flags
// go before the last argument, which is the container's id.
func (a args) settled(facts []string, sync int) []string {
	out := slices.DeleteFunc(slices.Clone(a.argv), func(arg string) bool {
		name, _, ok := parseFlag(arg)
		return ok && (name == flagRoot || name == flagCaps || name == flagSync)
	})
	more := append(slices.Clone(facts), "--"+flagSync+"="+strconv.Itoa(sync))
	return slices.Insert(out, len(out)-1, more...)
}
