package warm

import (
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// command is how the command lines look that an interpreter which runs already
// can take over.
type command struct {
	names []string // of the program
	flag  string   // before code
	// atStart are variables that it reads once, when it starts. A name that
	// ends in * stands for all that begin so.
	atStart []string
}

var commands = map[string]command{
	"python3": {[]string{"python3", "python"}, "-c", []string{"PYTHON*", "__PYVENV_LAUNCHER__"}},
	"node":    {[]string{"node"}, "-e", []string{"NODE_*", "OPENSSL_*", "SSL_CERT_*", "UV_*", "ICU_*", "V8_*", "LC_*", "LANG"}},
}

// libc are variables that the C library reads when a program starts, and those
// that choose an encoding.
var libc = []string{"LD_*", "MALLOC_*", "GLIBC_TUNABLES", "LOCPATH", "MUSL_LOCPATH", "GCONV_PATH", "NLSPATH", "LANGUAGE", "LC_*", "LANG"}

// Fits says whether an interpreter ("python3" or "node") that was started with
// the environment usual can become a command. The command is its name or path,
// then -c CODE (for node: -e CODE) or a script's path, then what is the
// script's. Of what an interpreter reads when it starts, the command's
// environment has just what usual has. Whoever does not fit is to be started
// the usual way, which gives the same result later.
func Fits(interpreter string, argv, env, usual []string) bool {
	c, known := commands[interpreter]
	if !known || !c.takes(argv) || !plain(argv) || !plain(env) {
		return false
	}
	now, ok := variables(env)
	then, also := variables(usual)
	return ok && also && c.started(now, then) && c.started(then, now)
}

func (c command) takes(argv []string) bool {
	if len(argv) < 2 || !slices.Contains(c.names, path.Base(argv[0])) || argv[1] == "" {
		return false
	}
	if argv[1] != c.flag {
		return argv[1][0] != '-'
	}
	if len(argv) < 3 {
		return false
	}
	// node takes flags of its own after the code.
	return c.flag != "-e" || !slices.ContainsFunc(argv[2:min(len(argv), 4)], func(a string) bool { return strings.HasPrefix(a, "-") })
}

// started says whether all that matters at the start and that a has, b has
// alike.
func (c command) started(a, b map[string]string) bool {
	for name, value := range a {
		if among(libc, name) || among(c.atStart, name) {
			if other, ok := b[name]; !ok || other != value {
				return false
			}
		}
	}
	return true
}

// variables takes an environment apart; ok is false if a name comes twice, or
// something is no variable.
func variables(env []string) (all map[string]string, ok bool) {
	all = make(map[string]string, len(env))
	for _, e := range env {
		name, value, ok := strings.Cut(e, "=")
		if _, twice := all[name]; !ok || name == "" || twice {
			return nil, false
		}
		all[name] = value
	}
	return all, true
}

func among(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, all := strings.CutSuffix(p, "*")
		return p == name || all && strings.HasPrefix(name, prefix)
	})
}

// plain says whether strings can be told to the interpreter as they are.
func plain(all []string) bool {
	return !slices.ContainsFunc(all, func(s string) bool { return !utf8.ValidString(s) || strings.ContainsRune(s, 0) })
}
