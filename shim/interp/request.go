package interp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"
)

// Request returns the line that makes a parked interpreter the job: a JSON
// object with "argv", "env" (in the order given) and "cwd", ended by a line
// feed. The environment is NAME=value. It refuses what would not arrive as it
// is: text that is not UTF-8, NUL, a variable without a name, with two values
// or without any, and a working directory that is not absolute.
func Request(argv, env []string, cwd string) ([]byte, error) {
	if len(argv) == 0 {
		return nil, fmt.Errorf("argv is empty: it begins with the interpreter's name")
	}
	for i, a := range argv {
		if !plain(a) {
			return nil, fmt.Errorf("argv[%d] is not UTF-8 without NUL: start the interpreter the usual way", i)
		}
	}
	if !path.IsAbs(cwd) || !plain(cwd) {
		return nil, fmt.Errorf("cwd %q is not an absolute path in UTF-8", cwd)
	}
	vars, err := variables(env)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(`{"argv":[`)
	for i, a := range argv {
		comma(&b, i)
		quote(&b, a)
	}
	b.WriteString(`],"env":{`)
	for i, v := range vars {
		comma(&b, i)
		quote(&b, v.name)
		b.WriteByte(':')
		quote(&b, v.value)
	}
	b.WriteString(`},"cwd":`)
	quote(&b, cwd)
	b.WriteString("}\n")
	return b.Bytes(), nil
}

type variable struct{ name, value string }

// variables takes an environment apart.
func variables(env []string) ([]variable, error) {
	vars := make([]variable, 0, len(env))
	seen := make(map[string]bool, len(env))
	for i, e := range env {
		name, value, ok := strings.Cut(e, "=")
		switch {
		case !ok || name == "":
			return nil, fmt.Errorf("env[%d] is not NAME=value", i)
		case !plain(e):
			return nil, fmt.Errorf("env[%d] (%q) is not UTF-8 without NUL: start the interpreter the usual way", i, name)
		case seen[name]:
			return nil, fmt.Errorf("env[%d] gives %q a second value", i, name)
		}
		seen[name] = true
		vars = append(vars, variable{name, value})
	}
	return vars, nil
}

// plain says whether JSON can carry a string to the interpreter and C there.
func plain(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func comma(b *bytes.Buffer, i int) {
	if i > 0 {
		b.WriteByte(',')
	}
}

// quote writes a JSON string.
func quote(b *bytes.Buffer, s string) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)         // a string and a buffer: cannot fail
	b.Truncate(b.Len() - 1) // the line feed
}
