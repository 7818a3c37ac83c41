package watch

import (
	"path"
	"strings"
	"time"

	"glovebox"
)

// callWeights are what system calls for privileges are worth. What is not in
// here ordinary programs do: giving privileges up, sandboxes of browsers,
// debuggers that start what they trace.
var callWeights = map[string]float64{
	"mount": 0.25, "umount2": 0.15, "pivot_root": 0.3, "chroot": 0.1, "fsopen": 0.2, "fsmount": 0.2, "move_mount": 0.2,
	"open_tree": 0.2,
	"unshare":   0.12, "clone": 0.1, "setns": 0.3,
	"ptrace": 0.2, "process_vm_readv": 0.15, "process_vm_writev": 0.2,
	"bpf": 0.3, "perf_event_open": 0.15, "userfaultfd": 0.15, "keyctl": 0.1, "add_key": 0.15, "request_key": 0.15,
	"reboot": 0.3, "swapon": 0.3, "swapoff": 0.3, "acct": 0.3, "quotactl": 0.1, "lookup_dcookie": 0.3, "fanotify_init": 0.1,
	"iopl": 0.4, "ioperm": 0.4, "modify_ldt": 0.2, "sethostname": 0.1, "setdomainname": 0.1,
	"settimeofday": 0.15, "clock_settime": 0.15,
}

// becomeRoot are the calls that a job uses to become root. Trying all of them
// is one try.
const becomeRoot = 0.2

func (w *Watch) privileges(c *charge) {
	charged := map[string]bool{}
	for _, o := range w.of(glovebox.ObserveCall) {
		what, weight := o.Call, callWeights[o.Call]
		switch {
		case o.Detail == "to root":
			what, weight = "to root", becomeRoot
		case o.Call == "ptrace" && o.Detail == "traceme":
			weight = 0.05
		}
		if weight == 0 {
			continue
		}
		if charged[what] {
			weight = 0
		}
		charged[what] = true
		c.add(weight, o.Count, o.Last, "%s %s: %s", o.Call, o.Detail, outcome(o.Result))
	}
	for _, o := range w.of(glovebox.ObserveOpen) {
		if path.Base(o.Path) == "token" {
			c.add(0.25, o.Count, o.Last, "%s: %s", o.Path, outcome(o.Result))
		}
	}
}

// openWeights are what files and sockets are worth, by their last element.
var openWeights = map[string]float64{
	"kcore": 0.6, "mem": 0.6, "kmem": 0.6, "port": 0.6, "release_agent": 0.8, "uevent_helper": 0.9, "sysrq-trigger": 0.8,
	"core_pattern": 0.8, "modprobe": 0.8, "register": 0.6,
	"docker.sock": 0.6, "containerd.sock": 0.6, "crio.sock": 0.6, "podman.sock": 0.6,
}

// escapeWeights are what system calls are worth that serve nothing else.
var escapeWeights = map[string]float64{
	"init_module": 0.7, "finit_module": 0.7, "delete_module": 0.7, "kexec_load": 0.9, "kexec_file_load": 0.9, "open_by_handle_at": 0.8,
}

func (w *Watch) escape(c *charge) {
	for _, o := range w.of(glovebox.ObserveOpen) {
		if weight := openWeights[path.Base(o.Path)]; weight > 0 {
			c.add(weight, o.Count, o.Last, "%s: %s", o.Path, outcome(o.Result))
		}
	}
	for _, o := range w.of(glovebox.ObserveCall) {
		weight := escapeWeights[o.Call]
		if o.Call == "mount" && strings.HasPrefix(o.Detail, "cgroup") {
			weight = 0.6
		}
		if weight > 0 {
			c.add(weight, o.Count, o.Last, "%s %s: %s", o.Call, o.Detail, outcome(o.Result))
		}
	}
}

func (w *Watch) execs(c *charge) {
	for _, kind := range []string{glovebox.ObserveExec, glovebox.ObserveMiner} {
		for _, o := range w.of(kind) {
			weight := 0.0
			switch {
			case strings.HasSuffix(o.Path, " (deleted)") || strings.HasPrefix(o.Path, "/memfd:"):
				weight = 0.5
			case !learnsExecs(w.profile) || executed(w.profile, o.Path):
				continue
			case writable(o.Path):
				weight = 0.5
			default:
				weight = 0.3
			}
			c.add(weight, o.Count, o.Last, "%s as %q", o.Path, o.Arg0)
		}
	}
	if n := w.seen.Missed[glovebox.ObserveExec]; n > 0 && learnsExecs(w.profile) && w.profile.Missed[glovebox.ObserveExec] == 0 {
		c.add(0.4, n, time.Time{}, "%d programs more than anybody keeps", n)
	}
}

// writable says whether a program is where jobs put things.
func writable(name string) bool {
	for _, dir := range []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/", "/out/"} {
		if strings.HasPrefix(name, dir) {
			return true
		}
	}
	return false
}

// manyForks is how many tasks within a second are a burst.
const manyForks = 1000

func (w *Watch) forks(c *charge) {
	if n := w.seen.ForkBurst; n >= manyForks {
		c.add(0.5, n, time.Time{}, "%d tasks within a second", n)
	}
}
