package doctor

import (
	"context"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// needed are the capabilities without which no sandbox can be made.
var needed = []struct {
	name string
	bit  int
}{
	{"CAP_SYS_ADMIN", unix.CAP_SYS_ADMIN}, {"CAP_NET_ADMIN", unix.CAP_NET_ADMIN}, {"CAP_SETUID", unix.CAP_SETUID},
	{"CAP_SETGID", unix.CAP_SETGID}, {"CAP_SETPCAP", unix.CAP_SETPCAP}, {"CAP_CHOWN", unix.CAP_CHOWN},
	{"CAP_DAC_OVERRIDE", unix.CAP_DAC_OVERRIDE}, {"CAP_KILL", unix.CAP_KILL}, {"CAP_SYS_CHROOT", unix.CAP_SYS_CHROOT},
	{"CAP_SYS_PTRACE", unix.CAP_SYS_PTRACE}, {"CAP_MKNOD", unix.CAP_MKNOD},
}

func privileges(_ context.Context, p Patient) Finding {
	if os.Geteuid() != 0 && p.Files == nil {
		return warn("not root, so that some checks cannot look closely").try("run it with sudo")
	}
	status, err := p.read("/proc/self/status")
	if err != nil {
		return fail("%v", err)
	}
	caps, err := effective(status)
	if err != nil {
		return fail("the capabilities cannot be read: %v", err)
	}
	var missing []string
	for _, c := range needed {
		if caps&(1<<c.bit) == 0 {
			missing = append(missing, c.name)
		}
	}
	if len(missing) > 0 {
		return fail("root without %s", strings.Join(missing, ", ")).try("give the service these capabilities, or run it outside of the container")
	}
	if caps&(1<<unix.CAP_SYS_RESOURCE) == 0 {
		return warn("root without CAP_SYS_RESOURCE").
			try("all works, but limits on open files stay at %s and the kernel may choose the service when memory runs out", openFiles())
	}
	return ok("root")
}

func effective(status string) (uint64, error) {
	for line := range strings.Lines(status) {
		if hex, found := strings.CutPrefix(line, "CapEff:"); found {
			return strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
		}
	}
	return 0, strconv.ErrSyntax
}

func openFiles() string {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return "what they are"
	}
	return strconv.FormatUint(limit.Max, 10)
}
