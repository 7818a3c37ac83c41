package images

import (
	"bytes"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"

	"glovebox"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// configOf parses and checks an image config: it must be for the platform, have
// a diff id for each layer and sane defaults.
func configOf(raw []byte, m *v1.Manifest, platform string) (*v1.ConfigFile, error) {
	if err := uniqueKeys(raw); err != nil {
		return nil, invalid("config: %w", err)
	}
	c, err := v1.ParseConfigFile(bytes.NewReader(raw))
	if err != nil {
		return nil, invalid("config is not readable: %w", err)
	}
	is := v1.Platform{OS: c.OS, Architecture: c.Architecture, Variant: c.Variant}
	if (c.OS != "" || c.Architecture != "") && !matches(is, platform) {
		return nil, wrongPlatform(platform, []string{is.String()})
	}
	if len(c.RootFS.DiffIDs) != len(m.Layers) {
		return nil, invalid("image has %d layers and %d diff ids", len(m.Layers), len(c.RootFS.DiffIDs))
	}
	for _, id := range c.RootFS.DiffIDs {
		if id.Algorithm != "sha256" || len(id.Hex) != 64 {
			return nil, invalid("diff id %q is not sha256", id)
		}
	}
	return c, nil
}

// defaultsOf takes from a config what a job falls back on, and nothing else.
func defaultsOf(c v1.Config) (glovebox.Defaults, error) {
	d := glovebox.Defaults{
		Entrypoint: c.Entrypoint, Cmd: c.Cmd, Env: c.Env, Workdir: c.WorkingDir, User: c.User, StopSignal: c.StopSignal,
	}
	if err := checkArgs(append(append([]string{}, d.Entrypoint...), d.Cmd...)); err != nil {
		return d, err
	}
	if err := checkEnv(d.Env); err != nil {
		return d, err
	}
	if err := checkUser(d.User); err != nil {
		return d, err
	}
	if d.StopSignal != "" && !signalName.MatchString(d.StopSignal) {
		return d, invalid("config has %q as its stop signal", clip(d.StopSignal))
	}
	if d.Workdir != "" {
		d.Workdir = path.Join("/", d.Workdir)
	}
	return d, checkWorkdir(d.Workdir)
}

func checkArgs(args []string) error {
	total := 0
	for _, a := range args {
		if strings.ContainsRune(a, 0) {
			return invalid("config has a NUL in its command")
		}
		total += len(a) + 1
	}
	if len(args) > glovebox.MaxArgs || total > glovebox.MaxArgBytes {
		return invalid("config has a command of %d words and %d bytes", len(args), total)
	}
	return nil
}

func checkEnv(env []string) error {
	total := 0
	for _, e := range env {
		name, _, ok := strings.Cut(e, "=")
		if !ok || name == "" || strings.ContainsRune(e, 0) {
			return invalid("config has %q in its environment", clip(e))
		}
		total += len(e) + 1
	}
	if total > glovebox.MaxEnvBytes {
		return invalid("config has an environment of %d bytes", total)
	}
	return nil
}

// checkWorkdir refuses what no image needs and an escape did: a working directory
// that is an open file of the runtime. Links to it are refused when the job runs.
func checkWorkdir(dir string) error {
	if strings.ContainsRune(dir, 0) || len(dir) > 4096 {
		return invalid("config has an unusable working directory")
	}
	for _, bad := range []string{"/proc", "/dev/fd", "/sys"} {
		if dir == bad || strings.HasPrefix(dir, bad+"/") {
			return invalid("config has %q as its working directory", clip(dir)).
				Try("use a working directory that is not under %s", bad)
		}
	}
	return nil
}

var (
	userPart   = regexp.MustCompile(`^[A-Za-z0-9_.$-]{1,64}$`)
	allDigits  = regexp.MustCompile(`^[0-9]+$`)
	signalName = regexp.MustCompile(`^(SIG)?[A-Z0-9+-]{1,16}$`)
)

// checkUser refuses numbers that a 32-bit id cannot hold: they wrap to root.
func checkUser(user string) error {
	if user == "" {
		return nil
	}
	name, group, more := strings.Cut(user, ":")
	parts := []string{name}
	if more {
		parts = append(parts, group)
	}
	for _, p := range parts {
		if !userPart.MatchString(p) {
			return invalid("config has %q as its user", clip(user))
		}
		if !allDigits.MatchString(p) {
			continue
		}
		if id, err := strconv.ParseInt(p, 10, 64); err != nil || id > math.MaxInt32 {
			return invalid("config has user %q, above %d", clip(user), math.MaxInt32)
		}
	}
	return nil
}

// clip shortens what an image says for a message.
func clip(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}
