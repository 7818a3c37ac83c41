package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"glovebox/e2e/bench/claim"
	"glovebox/e2e/bench/contest"
	"glovebox/e2e/bench/host"
	"glovebox/e2e/bench/own"
	"glovebox/e2e/bench/report"
	"glovebox/e2e/bench/rival"
	"glovebox/e2e/box"
	"glovebox/e2e/fixture"
)

// python is the name of the image that python3 is in.
const python = "python"

// field is where everything is measured.
type field struct {
	*program
	length
	r     *report.Results
	bin   string
	saved string // program that measures restores

	filters string // program that measures the network filter

	images   []rival.Image // busybox, and python if it can be had
	node     *claim.Node   // nil if there is none
	services map[own.Kind]*own.Service
	missing  map[own.Kind]error // why there is no such service
	all      []*contest.Contestant
	found    map[string]*contest.Series
}

// measure takes every figure. What goes wrong on the way makes the program fail
// at its end; what was found is there all the same.
func measure(p *program, o options) *report.Results {
	f := &field{program: p, length: o.length(), r: report.New(), bin: box.BinDir(p), saved: o.saves, filters: o.filters,
		services: map[own.Kind]*own.Service{}, missing: map[own.Kind]error{}}
	f.r.Quick, f.r.Rounds, f.r.When = o.quick, f.rounds, time.Now().UTC().Format("2006-01-02 15:04 UTC")
	f.r.Machine, f.r.Versions = host.Describe(), f.versions()
	started := time.Now()
	f.makeImages(o.cache)
	f.start(o)
	for _, part := range []struct {
		name string
		do   func()
	}{
		{"control at rest", f.idle}, {"1 GiB of output", f.output}, {"turns", f.turns}, {"parked sandboxes", f.parked},
		{"hibernation", f.hibernation}, {"network filter", f.filter}, {"loops", f.loops}, {"loads", f.loads}, {"a burst", f.burst},
	} {
		if p.ctx.Err() != nil {
			p.Errorf("stopped before: %s", part.name)
			return f.r
		}
		if time.Since(started) > f.whole {
			p.Logf("left out, since the machine is too slow for a run of this length: %s", part.name)
			continue
		}
		began := time.Now()
		part.do()
		p.Logf("%s: %.0f s", part.name, time.Since(began).Seconds())
	}
	return f.r
}

// folder is one under /tmp, with a short path, that is removed at the end.
func (f *field) folder(pattern string) string {
	dir, err := os.MkdirTemp("/tmp", pattern)
	f.must(err)
	f.Cleanup(func() { f.tidied(os.RemoveAll(dir)) })
	f.must(os.Chmod(dir, 0o755))
	return dir
}

// tidied reports what could not be cleaned up.
func (f *field) tidied(err error) {
	if err != nil {
		f.Errorf("cleaning up: %v", err)
	}
}

func (f *field) makeImages(cache string) {
	dir := f.folder("gbimages")
	tree, err := fixture.Busybox(fixture.BusyboxPath)
	f.must(err)
	img, err := rival.NewImage(dir, tree, rival.Image{Name: "busybox", Args: []string{"echo", "hi"}, Path: "/bin", Want: "hi\n"})
	f.must(err)
	f.images = append(f.images, img)
	if cache, err = filepath.Abs(cache); err == nil {
		tree, err = fixture.Python(cache)
	}
	if err == nil {
		img, err = rival.NewImage(dir, tree, rival.Image{Name: python, Args: []string{"python3", "-c", "print(1)"}, Path: "/usr/bin:/bin", Want: "1\n"})
	}
	if err != nil {
		f.Logf("there is no python image: %v", err)
		f.r.Skip("python_ratio", "no python image: "+err.Error())
		return
	}
	f.images = append(f.images, img)
}

// start starts whoever takes part.
func (f *field) start(o options) {
	for _, kind := range []own.Kind{own.Cold, own.Template, own.Generic} {
		s, err := own.Start(f.program, kind, f.images)
		if err != nil && kind == own.Cold {
			f.must(err)
		}
		f.missing[kind] = err
		if err == nil {
			f.services[kind] = s
		}
	}
	if o.claims != "" {
		node, err := claim.Start(o.claims, f.bin, f.folder("gbclaim"), f.images)
		f.must(err)
		f.Cleanup(func() { f.tidied(node.Close()) })
		f.node = node
	}
	ground := rival.NewGround(f.folder("gbrival"), f.bin)
	f.Cleanup(func() { f.tidied(ground.Close()) })
	rivals, err := ground.Contestants(f.images...)
	f.must(err)
	f.all = append(rivals, f.ours()...)
}

func (f *field) versions() []string {
	all := []string{runtime.Version()}
	for _, v := range []string{
		host.Version(filepath.Join(f.bin, "glovebox"), "version"), host.Version("runc", "--version"), host.Version("crun", "--version"),
		host.Version(filepath.Join(f.bin, "runsc"), "--version"), host.Version("bwrap", "--version"),
		host.Version(filepath.Join(f.bin, "containerd"), "--version"),
	} {
		if v != "" {
			all = append(all, strings.Join(strings.Fields(v), " "))
		}
	}
	return all
}
