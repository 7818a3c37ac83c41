package launch

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// verify reads back what the steps before were to achieve.
func verify() error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	if err := verifyStatus(string(status)); err != nil {
		return err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	if err := verifyMounts(string(mounts)); err != nil {
		return err
	}
	for _, name := range []string{"root", "cwd"} {
		if at, err := os.Readlink("/proc/self/" + name); err != nil || at != "/" {
			return fmt.Errorf("%s is %q: %w", name, at, err)
		}
	}
	return nil
}

func verifyStatus(text string) error {
	keep, none := fmt.Sprintf("%016x", sentryCaps), fmt.Sprintf("%016x", 0)
	left := map[string]string{
		"CapInh": none, "CapPrm": keep, "CapEff": keep, "CapBnd": keep, "CapAmb": none,
		"NoNewPrivs": "1", "Uid": "0\t0\t0\t0", "Gid": "0\t0\t0\t0",
	}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		want, matters := left[name]
		if got := strings.TrimSpace(value); matters && got != want {
			return fmt.Errorf("%s is %q, not %q", name, got, want)
		}
		delete(left, name)
	}
	if len(left) > 0 {
		return fmt.Errorf("the kernel does not tell %v", left)
	}
	return nil
}

// verifyMounts wants nothing of the host's to be left. Under /proc there may
// be parts of the host's if the kernel allows no new instance; they go when
// /proc is unmounted.
func verifyMounts(text string) error {
	root := false
	for line := range strings.Lines(text) {
		before, after, ok := strings.Cut(line, " - ")
		fields, tail := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 6 || len(tail) < 2 {
			return fmt.Errorf("mount %q makes no sense", line)
		}
		switch point := fields[4]; {
		case point == "/" && !root && tail[0] == "tmpfs" && slices.Contains(strings.Split(fields[5], ","), "ro"):
			root = true
		case point == "/proc" && tail[0] == "tmpfs", strings.HasPrefix(point, "/proc/"):
		default:
			return fmt.Errorf("mount %q is not to be here", strings.TrimSpace(line))
		}
	}
	if !root {
		return fmt.Errorf("there is no root of our own in %q", text)
	}
	return nil
}
