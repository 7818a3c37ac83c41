package layers

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pkg is a package as the go command lists it.
type pkg struct {
	ImportPath string
	Name       string
	Dir        string
	GoFiles    []string
	Imports    []string
	Module     *struct{ Path string }
}

// rel is the package's name within its module.
func (p pkg) rel() string {
	if p.ImportPath == p.Module.Path {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, p.Module.Path+"/")
}

// list returns the packages of the module in dir.
func list(t *testing.T, dir string) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Name,Dir,GoFiles,Imports,Module", "./...")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 { // else it has only tests, or nothing yet
			all = append(all, p)
		}
	}
}

// file is one source file, without tests and generated ones.
type file struct {
	pkg   string // relative name
	name  string
	lines int
	ast   *ast.File
	fset  *token.FileSet
}

func sources(t *testing.T, all []pkg) []file {
	t.Helper()
	var files []file
	for _, p := range all {
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if !ast.IsGenerated(f) {
				files = append(files, file{p.rel(), name, fset.File(f.Pos()).LineCount(), f, fset})
			}
		}
	}
	return files
}

// fits says whether a relative name matches a pattern of a rule.
func fits(pattern, name string) bool {
	if pattern == "..." || pattern == name {
		return true
	}
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return strings.HasPrefix(name, prefix+"/")
	}
	if prefix, ok := strings.CutSuffix(pattern, "/*"); ok {
		rest, under := strings.CutPrefix(name, prefix+"/")
		return under && !strings.Contains(rest, "/")
	}
	return false
}

// directions returns the imports that no rule allows, and the packages for
// which there is none.
func directions(all []pkg) []string {
	var bad []string
	for _, p := range all {
		i := slices.IndexFunc(rules, func(r rule) bool { return fits(r.pkg, p.rel()) })
		if i < 0 {
			bad = append(bad, fmt.Sprintf("%s has no rule: decide where it belongs", p.rel()))
			continue
		}
		r := rules[i]
		for _, path := range p.Imports {
			within, ours := strings.CutPrefix(path, p.Module.Path+"/")
			if path == p.Module.Path {
				within, ours = ".", true
			}
			switch {
			case ours && !slices.ContainsFunc(r.may, func(m string) bool { return fits(m, within) }):
				bad = append(bad, fmt.Sprintf("%s imports %s, but %s", p.rel(), within, r.why))
			case !ours && !r.others && strings.Contains(strings.Split(path, "/")[0], "."):
				bad = append(bad, fmt.Sprintf("%s imports %s, but %s", p.rel(), path, r.why))
			}
		}
	}
	return bad
}
