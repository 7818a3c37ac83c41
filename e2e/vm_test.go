package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"glovebox/e2e/box"
	"glovebox/e2e/machine"
)

// Sandboxes take seconds on an emulated processor, and more when others use the
// real one.
const vmPatience = 2 * time.Minute

var kit = struct {
	once sync.Once
	kit  *machine.Kit
	err  error
}{}

// vm is a virtual machine with an instance of glovebox on a disk of its own.
type vm struct {
	*machine.Machine
	t    *testing.T
	up   *machine.Command
	args []string    // of `up`
	log  *box.Buffer // what `up` and its children printed, over all boots
}

// openKit makes what machines are made of, once for all tests. Without an
// emulator, or if no machine starts here at all, the test is skipped.
func openKit(t *testing.T) *machine.Kit {
	t.Helper()
	if why := machine.Lacking(); why != "" {
		t.Skip("skipped: " + why)
	}
	archives.once.Do(makeArchives)
	if archives.err != nil {
		t.Fatal(archives.err)
	}
	kit.once.Do(func() {
		cache, err := filepath.Abs("../.cache/machine")
		if err != nil {
			kit.err = err
			return
		}
		kit.kit, kit.err = machine.Open(machine.Config{
			Cache: cache, Bin: box.BinDir(t), Progress: t.Logf,
			Files: map[string]string{"busybox.tar": archives.busybox},
		})
		if kit.err == nil {
			kit.err = tryKit(kit.kit)
		}
	})
	if kit.err != nil {
		t.Skip("skipped: ", kit.err)
	}
	return kit.kit
}

// TestMachine: a machine has a kernel of its own and cgroup v2, passes on what
// commands print and how they end, and takes them along when it is cut off.
func TestMachine(t *testing.T) {
	m, err := openKit(t).Boot(machine.Options{Memory: 512})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Cut)
	r, err := m.Run("sh", "-c", "uname -r; grep -c cgroup2 /proc/mounts; echo err >&2; exit 7")
	host, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	if release, rest, _ := strings.Cut(r.Stdout, "\n"); err != nil || r.Code != 7 || r.Stderr != "err\n" || rest != "1\n" ||
		release == strings.TrimSpace(string(host)) {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := m.Run("/no/such/program"); err == nil {
		t.Error("a program that does not exist was started")
	}
	endless := m.Start("sleep", "600")
	endless.Signal(syscall.SIGKILL)
	if code, err := endless.Wait(vmPatience); code != 128+int(syscall.SIGKILL) || err != nil {
		t.Errorf("killed: %d, %v", code, err)
	}
	cut := m.Start("sleep", "600")
	m.Cut()
	if _, err := cut.Wait(vmPatience); err == nil {
		t.Error("a command outlived the machine")
	}
	if _, err := m.Run("true"); err == nil {
		t.Error("a machine without power runs commands")
	}
}

// tryKit boots a machine that has nothing of ours in it but the guest program.
func tryKit(k *machine.Kit) error {
	m, err := k.Boot(machine.Options{Memory: 512})
	if err == nil {
		m.Cut()
	}
	return err
}

// bootVM boots a machine with the data disk and starts `glovebox up` on it.
func bootVM(t *testing.T, k *machine.Kit, backing string, log *box.Buffer, args ...string) *vm {
	t.Helper()
	began := time.Now()
	m, err := k.Boot(machine.Options{
		Memory: 3072, Append: "cgroup_no_v1=all",
		Disks: []machine.Disk{{Name: "data", Backing: backing}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Cut)
	v := &vm{Machine: m, t: t, log: log, args: args}
	booted := time.Since(began)
	v.must("mount", "-t", "ext4", "/dev/disk/data", machine.Data)
	v.start()
	t.Logf("booted in %.1f s, glovebox was up after another %.1f s", booted.Seconds(), (time.Since(began) - booted).Seconds())
	return v
}

// start runs `glovebox up` and waits until it answers.
func (v *vm) start() {
	v.t.Helper()
	v.up = v.StartTo(v.log, append([]string{"glovebox", "up"}, v.args...)...)
	for end := time.Now().Add(vmPatience); !strings.Contains(v.up.Stdout.String(), "glovebox is up"); time.Sleep(20 * time.Millisecond) {
		select {
		case <-v.up.Ended():
			v.t.Fatalf("glovebox up ended\n%s", v.tail())
		default:
		}
		if time.Now().After(end) {
			v.t.Fatalf("glovebox up is not ready after %s\n%s", vmPatience, v.tail())
		}
	}
}

// stop ends `glovebox up` with SIGTERM.
func (v *vm) stop() {
	v.t.Helper()
	v.up.Signal(syscall.SIGTERM)
	if code, err := v.up.Wait(vmPatience); err != nil || code != 0 {
		v.t.Errorf("glovebox up ended with %d, %v\n%s", code, err, v.tail())
	}
}

// run runs a command that may fail in its own way.
func (v *vm) run(args ...string) box.Result {
	v.t.Helper()
	r, err := v.Run(args...)
	if err != nil {
		v.t.Fatalf("%s: %v\n%s%s\n%s", strings.Join(args, " "), err, r.Stdout, r.Stderr, v.tail())
	}
	return r
}

// must runs a command that has to succeed and returns its stdout.
func (v *vm) must(args ...string) string {
	v.t.Helper()
	r := v.run(args...)
	if r.Code != 0 {
		v.t.Fatalf("%s: exit %d\n%s%s\n%s", strings.Join(args, " "), r.Code, r.Stdout, r.Stderr, v.tail())
	}
	return r.Stdout
}

// clean fails the test if something is left in the machine after a while.
func (v *vm) clean() {
	v.t.Helper()
	var r box.Result
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if r = v.run("glovebox", "doctor", "--residue"); r.Code == 0 {
			return
		}
	}
	v.t.Errorf("left (exit %d):\n%s%s", r.Code, r.Stdout, r.Stderr)
}

func (v *vm) tail() string {
	s := v.log.String()
	return s[max(0, len(s)-4000):]
}
