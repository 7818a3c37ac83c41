package warm_test

import (
	"testing"

	"glovebox/warm"
)

func TestFits(t *testing.T) {
	usual := []string{"PATH=/usr/bin:/bin", "PYTHON_VERSION=3.12.1", "LANG=C.UTF-8"}
	argv := func(a ...string) []string { return a }
	with := func(more ...string) []string { return append(usual[:3:3], more...) }
	tests := map[string]struct {
		interpreter string
		argv, env   []string
		want        bool
	}{
		"code":                        {"python3", argv("python3", "-c", "1"), usual, true},
		"code, arguments":             {"python3", argv("python3", "-c", "1", "-x", ""), usual, true},
		"empty code":                  {"python3", argv("python3", "-c", ""), usual, true},
		"another name":                {"python3", argv("python", "-c", "1"), usual, true},
		"a path":                      {"python3", argv("/usr/local/bin/python3", "-c", "1"), usual, true},
		"a script":                    {"python3", argv("python3", "/app/main.py", "-v"), usual, true},
		"variables of its own":        {"python3", argv("python3", "-c", "1"), with("TOKEN=x", "HOME=/", "PATHS=y"), true},
		"another PATH":                {"python3", argv("python3", "-c", "1"), []string{"PATH=/opt", usual[1], usual[2]}, true},
		"node":                        {"node", argv("node", "-e", "1"), usual, true},
		"node, arguments":             {"node", argv("node", "-e", "1", "a", "-b"), usual, true},
		"node, a script":              {"node", argv("node", "main.js"), usual, true},
		"no interpreter":              {"", argv("python3", "-c", "1"), usual, false},
		"unknown interpreter":         {"ruby", argv("ruby", "-e", "1"), usual, false},
		"another program":             {"python3", argv("sh", "-c", "1"), usual, false},
		"another version":             {"python3", argv("python3.12", "-c", "1"), usual, false},
		"nothing":                     {"python3", argv(), usual, false},
		"a console":                   {"python3", argv("python3"), usual, false},
		"no code":                     {"python3", argv("python3", "-c"), usual, false},
		"another flag":                {"python3", argv("python3", "-I", "-c", "1"), usual, false},
		"a module":                    {"python3", argv("python3", "-m", "http.server"), usual, false},
		"code in the flag":            {"python3", argv("python3", "-c1"), usual, false},
		"stdin":                       {"python3", argv("python3", "-"), usual, false},
		"an empty script":             {"python3", argv("python3", ""), usual, false},
		"node's -c":                   {"node", argv("node", "-c", "1"), usual, false},
		"node, a flag after the code": {"node", argv("node", "-e", "1", "--inspect"), usual, false},
		"node, a flag for code":       {"node", argv("node", "-e", "-p"), usual, false},
		"not UTF-8":                   {"python3", argv("python3", "-c", "\xff"), usual, false},
		"a variable not UTF-8":        {"python3", argv("python3", "-c", "1"), with("A=\xff"), false},
		"it reads a variable":         {"python3", argv("python3", "-c", "1"), with("PYTHONPATH=/x"), false},
		"the loader reads a variable": {"python3", argv("python3", "-c", "1"), with("LD_PRELOAD=/x"), false},
		"an encoding":                 {"python3", argv("python3", "-c", "1"), with("LC_ALL=de_DE.ISO-8859-1"), false},
		"not the image's value":       {"python3", argv("python3", "-c", "1"), []string{usual[0], "PYTHON_VERSION=2", usual[2]}, false},
		"without the image's":         {"python3", argv("python3", "-c", "1"), usual[:1], false},
		"node reads a variable":       {"node", argv("node", "-e", "1"), with("NODE_OPTIONS=--inspect"), false},
		"a name twice":                {"python3", argv("python3", "-c", "1"), with("A=1", "A=2"), false},
		"no variable":                 {"python3", argv("python3", "-c", "1"), with("A"), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := warm.Fits(tt.interpreter, tt.argv, tt.env, usual); got != tt.want {
				t.Errorf("%t", got)
			}
		})
	}
}
