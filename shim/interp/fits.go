package interp

import (
	"path"
	"slices"
	"strings"
)

// atStart are the variables that an interpreter, or the C library under it,
// reads once, when it starts. A name that ends in * stands for all that begin
// so.
var atStart = map[string][]string{
	"":     {"LD_*", "MALLOC_*", "GLIBC_TUNABLES", "LOCPATH", "MUSL_LOCPATH", "GCONV_PATH", "NLSPATH"},
	Python: {"PYTHON*", "__PYVENV_LAUNCHER__"},
	Node:   {"NODE_*", "OPENSSL_*", "SSL_CERT_*", "UV_*", "ICU_*", "LC_*", "LANG", "LANGUAGE"},
}

// harmless are names among these that images set and nothing reads.
var harmless = []string{
	"PYTHON_VERSION", "PYTHON_SHA256", "PYTHON_PIP_VERSION", "PYTHON_SETUPTOOLS_VERSION",
	"PYTHON_GET_PIP_URL", "PYTHON_GET_PIP_SHA256", "NODE_VERSION", "NODE_ENV",
}

// Fits says whether a parked interpreter can become the job: argv is its name
// or path, then "-c CODE" (python3) or "-e CODE" (node) or a script's path,
// then arguments; and env (NAME=value) sets nothing that an interpreter reads
// when it starts. A job that does not fit takes the usual way. Variables that
// have the same value where the interpreter was parked may be left out of env:
// it has read them. That a path in argv[0] is the executable that was parked is
// for the caller to see to.
func Fits(interpreter string, argv, env []string) bool {
	if _, ok := atStart[interpreter]; !ok || interpreter == "" {
		return false
	}
	vars, err := variables(env)
	if err != nil || slices.ContainsFunc(argv, func(a string) bool { return !plain(a) }) {
		return false
	}
	if !form(interpreter, argv) {
		return false
	}
	return !slices.ContainsFunc(vars, func(v variable) bool {
		if slices.Contains(harmless, v.name) {
			return false
		}
		return among(atStart[""], v.name) || among(atStart[interpreter], v.name) || encodes(v)
	})
}

// form says whether a command line is one of those that can be taken over.
func form(interpreter string, argv []string) bool {
	if len(argv) < 2 {
		return false
	}
	names, flag := []string{"python3", "python"}, "-c"
	if interpreter == Node {
		names, flag = []string{"node"}, "-e"
	}
	if !slices.Contains(names, path.Base(argv[0])) {
		return false
	}
	if argv[1] == flag {
		// node takes flags of its own after the code.
		return len(argv) > 2 && (interpreter != Node || !strings.HasPrefix(argv[2], "-") && (len(argv) == 3 || !strings.HasPrefix(argv[3], "-")))
	}
	if interpreter == Node && argv[1] == "inspect" {
		return false // its debugger
	}
	return argv[1] != "" && !strings.HasPrefix(argv[1], "-")
}

// encodes says whether a variable chooses an encoding other than UTF-8. The
// old locale of C does not: interpreters replace it.
func encodes(v variable) bool {
	if v.name != "LANG" && v.name != "LC_ALL" && v.name != "LC_CTYPE" {
		return false
	}
	_, charset, _ := strings.Cut(v.value, ".")
	charset, _, _ = strings.Cut(strings.ToLower(charset), "@")
	return !slices.Contains([]string{"", "C", "POSIX"}, v.value) && charset != "utf-8" && charset != "utf8"
}

func among(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, all := strings.CutSuffix(p, "*")
		return p == name || all && strings.HasPrefix(name, prefix)
	})
}
