package layers

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
)

// names returns the packages whose name says nothing.
func names(all []pkg) []string {
	var bad []string
	for _, p := range all {
		if slices.Contains(forbiddenNames, p.Name) || slices.Contains(forbiddenNames, path.Base(p.ImportPath)) {
			bad = append(bad, fmt.Sprintf("%s: the name %s says nothing about what is in it", p.rel(), p.Name))
		}
	}
	return bad
}

// comments returns the packages that do not have exactly one comment.
func comments(files []file) []string {
	found := map[string]int{}
	for _, f := range files {
		found[f.pkg] += 0
		if f.ast.Doc != nil {
			found[f.pkg]++
		}
	}
	var bad []string
	for name, n := range found {
		if n != 1 {
			bad = append(bad, fmt.Sprintf("%s has %d package comments, not one", name, n))
		}
	}
	return bad
}

// sizes returns the files that are too long, and whether most of them are.
func sizes(files []file) []string {
	var bad []string
	var lines []int
	for _, f := range files {
		lines = append(lines, f.lines)
		if f.lines > maxLines {
			bad = append(bad, fmt.Sprintf("%s/%s has %d lines: it is more than one idea", f.pkg, f.name, f.lines))
		}
	}
	slices.Sort(lines)
	if len(lines) > 0 && lines[len(lines)/2] > medianLines {
		bad = append(bad, fmt.Sprintf("half of all files have %d lines or more", lines[len(lines)/2]))
	}
	return bad
}

// impurities returns where pure packages look at the clock or start something.
func impurities(files []file) []string {
	var bad []string
	for _, f := range files {
		if !slices.Contains(pure, f.pkg) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, n.Sel.Name) {
					bad = append(bad, fmt.Sprintf("%s: %s looks at the clock by time.%s", f.fset.Position(n.Pos()), f.pkg, n.Sel.Name))
				}
			case *ast.GoStmt:
				bad = append(bad, fmt.Sprintf("%s: %s starts a goroutine", f.fset.Position(n.Pos()), f.pkg))
			}
			return true
		})
	}
	return bad
}
