// Command bench measures the figures that docs/SPECIFICATION.md promises, side
// by side with the peers they are compared with, in one run. It prints a table
// in Markdown and writes the ratios as JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"glovebox/e2e/box"
	"glovebox/e2e/fixture"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func main() {
	n := flag.Int("n", 30, "runs of each latency figure")
	out := flag.String("json", "", "file for the figures as JSON")
	flag.Parse()
	t := &program{}
	code := t.run(func() {
		figures := measure(t, *n)
		figures.print()
		if *out != "" {
			data, _ := json.MarshalIndent(figures.values(), "", "  ")
			if err := os.WriteFile(*out, append(data, '\n'), 0o644); err != nil {
				t.Fatalf("%v", err)
			}
		}
	})
	os.Exit(code)
}

// figure is one line of the table.
type figure struct {
	key, what, value, goal string
	number                 float64
}

type figures []figure

func (f *figures) add(key, what string, number float64, unit, goal string) {
	*f = append(*f, figure{key, what, fmt.Sprintf("%.3g %s", number, unit), goal, number})
	fmt.Fprintf(os.Stderr, "  %s: %.3g %s\n", what, number, unit)
}

func (f figures) print() {
	fmt.Printf("Machine: %d cores, kernel %s, %s.\n\n", runtime.NumCPU(), first("uname", "-r"), first("bin/runsc", "--version"))
	fmt.Println("| figure | measured | promised |\n| --- | --- | --- |")
	for _, x := range f {
		fmt.Printf("| %s | %s | %s |\n", x.what, x.value, x.goal)
	}
}

func (f figures) values() map[string]float64 {
	m := map[string]float64{}
	for _, x := range f {
		m[x.key] = x.number
	}
	return m
}

func first(name string, args ...string) string {
	out, _ := exec.Command(name, args...).Output()
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

// measure starts a box with busybox and takes every figure.
func measure(t *program, n int) figures {
	tree, err := fixture.Busybox(fixture.BusyboxPath)
	t.must(err)
	img, err := fixture.Image(tree, v1.Config{Env: []string{"PATH=/bin"}})
	t.must(err)
	dir, err := os.MkdirTemp("/tmp", "gbbench")
	t.must(err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	t.must(fixture.WriteArchive(dir+"/busybox.tar", "busybox:bench", img))
	b := box.Up(t)
	b.Must("image", "import", dir+"/busybox.tar")
	b.Must("run", "busybox:bench", "--", "true") // unpacks the image

	var f figures
	idle(b, &f)
	coldStart(t, b, dir, tree, n, &f)
	throughput(t, b, &f)
	burst(t, b, &f)
	return f
}
