package rival

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"glovebox/e2e/bench/contest"
)

// key is a contestant's name in the results.
func key(program string, img Image) string { return program + "_" + img.Name }

// skipped is a contestant that cannot take part.
func skipped(program string, img Image, why string) *contest.Contestant {
	return &contest.Contestant{Key: key(program, img), What: program + ", " + img.Name, Skipped: why}
}

func (g *Ground) runc(img Image) (*contest.Contestant, error) {
	program, err := exec.LookPath("runc")
	if err != nil {
		return skipped("runc", img, "there is no runc (Debian: runc)"), nil
	}
	return g.oci("runc", program, nil, img)
}

func (g *Ground) runsc(img Image) (*contest.Contestant, error) {
	return g.oci("runsc", filepath.Join(g.bin, "runsc"), []string{"--network=none", "--platform=systrap"}, img)
}

// oci is a program with the command line of runc.
func (g *Ground) oci(name, program string, flags []string, img Image) (*contest.Contestant, error) {
	bundles, err := g.bundles(program, name, img)
	if err != nil {
		return nil, err
	}
	args := append([]string{"--root", filepath.Join(g.dir, name)}, flags...)
	return &contest.Contestant{
		Key: key(name, img), What: "`" + name + " run`, " + img.Name,
		Command: show(name, flags, "run --bundle B ID", img),
		Run: func(ctx context.Context, lane int) (contest.Taken, error) {
			return measure(command(ctx, program, append(args, "run", "--bundle", bundles[lane%lanes], g.id())...), img.Want)
		},
	}, nil
}

// show is a command line for readers.
func show(program string, flags []string, rest string, img Image) string {
	words := append([]string{program}, flags...)
	return fmt.Sprintf("%s %s (%s in %s)", strings.Join(words, " "), rest, quote(img.Args), img.Name)
}

func quote(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = a
		if strings.ContainsAny(a, " ()'\"$") {
			quoted[i] = "'" + a + "'"
		}
	}
	return strings.Join(quoted, " ")
}

func (g *Ground) bwrap(img Image) (*contest.Contestant, error) {
	program, err := exec.LookPath("bwrap")
	if err != nil {
		return skipped("bwrap", img, "there is no bwrap (Debian: bubblewrap)"), nil
	}
	flags := []string{"--unshare-all", "--die-with-parent", "--clearenv", "--setenv", "PATH", img.Path}
	args := append(append([]string{}, flags...), "--ro-bind", img.Rootfs, "/", "--proc", "/proc", "--dev", "/dev", "--chdir", "/", "--")
	return &contest.Contestant{
		Key: key("bwrap", img), What: "`bwrap --unshare-all`, " + img.Name + ", without limits",
		Command: show("bwrap", flags, "--ro-bind ROOT / --proc /proc --dev /dev --chdir / -- "+quote(img.Args), img),
		Run: func(ctx context.Context, _ int) (contest.Taken, error) {
			return measure(command(ctx, program, append(args, img.Args...)...), img.Want)
		},
	}, nil
}
