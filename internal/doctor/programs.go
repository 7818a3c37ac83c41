package doctor

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"glovebox"
)

// limit is how long a program may take to do next to nothing.
const limit = 20 * time.Second

func containerd(ctx context.Context, p Patient) Finding {
	for _, name := range []string{"containerd-shim-glovebox-v1", "glovebox-launch", "glovebox-boot"} {
		if _, err := exec.LookPath(filepath.Join(p.Tools, name)); err != nil {
			return fail("%s is not in %s", name, p.Tools).try("build everything with: make build")
		}
	}
	line, err := firstLine(ctx, filepath.Join(p.Tools, "containerd"), "--version")
	if err != nil {
		return fail("%v", err).try("build everything with: make build")
	}
	return ok("%s", line)
}

// gvisor really boots one: a machine may have all that is needed and still
// forbid it, by a security module or because it is itself a sandbox.
func gvisor(ctx context.Context, p Patient) Finding {
	runsc := filepath.Join(p.Tools, "runsc")
	line, err := firstLine(ctx, runsc, "--version")
	if err != nil {
		return fail("%v", err).try("build everything with: make build")
	}
	if os.Geteuid() != 0 {
		return ok("%s; not started, as this is not root", line)
	}
	root, err := os.MkdirTemp("", "glovebox-doctor")
	if err != nil {
		return fail("%v", err)
	}
	defer os.RemoveAll(root)
	began := time.Now()
	out, err := output(ctx, runsc, "--root", root, "--network=none", "--ignore-cgroups", "do", "/bin/true")
	if err != nil {
		return fail("%s does not start a sandbox: %v %s", line, err, last(out)).
			try("look for what forbids it: seccomp, a security module, a container around this one")
	}
	return ok("%s, boots in %d ms", line, time.Since(began).Milliseconds())
}

func runc(ctx context.Context, p Patient) Finding {
	if p.Runc == "" {
		return ok("not installed; only jobs that ask for the runtime runc would need it")
	}
	line, err := firstLine(ctx, p.Runc, "--version")
	if err != nil {
		return warn("%v", err).try("jobs that ask for the runtime runc will fail")
	}
	return ok("%s (%s)", line, p.Runc)
}

func service(ctx context.Context, p Patient) Finding {
	if p.Service == nil {
		return ok("not asked")
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	text, err := p.Service(ctx)
	if glovebox.KindOf(err) == glovebox.KindDenied { // it is up, and tells how to get in
		return warn("%v", err).try("%s", glovebox.AsError(err).Hint)
	}
	if err != nil {
		return warn("%v", err).try("start it with: glovebox up --data %s", p.Data)
	}
	return ok("%s", text)
}

func firstLine(ctx context.Context, path string, args ...string) (string, error) {
	out, err := output(ctx, path, args...)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(out, "\n")
	return strings.TrimSpace(line), nil
}

func output(ctx context.Context, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second // what it left behind may hold its output
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func last(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}
