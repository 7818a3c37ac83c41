package interp

import (
	_ "embed"
	"fmt"
	"path"
	"strings"
)

// Ready is what a parked interpreter writes to its standard output when it
// waits for the request. It writes nothing else until then.
const Ready = "ready\n"

// Python and Node are the interpreters that can be parked, by the names that
// templates give them.
const (
	Python = "python3"
	Node   = "node"
)

//go:embed python.py
var python string

//go:embed node.js
var node string

// Args returns the arguments that start an interpreter parked. The executable
// is its absolute path in the image, as the job's command will resolve to.
func Args(interpreter, executable string) ([]string, error) {
	if !path.IsAbs(executable) || strings.ContainsRune(executable, 0) {
		return nil, fmt.Errorf("executable %q is not an absolute path: look the interpreter up in the image first", executable)
	}
	switch interpreter {
	case Python:
		return []string{executable, "-c", "exec(__import__('sys').argv[1],{})", python}, nil
	case Node:
		return []string{executable, "--expose-internals", "-e", node}, nil
	}
	return nil, fmt.Errorf("interpreter %q cannot be started ahead: use %s or %s", interpreter, Python, Node)
}
