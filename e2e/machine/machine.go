package machine

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"glovebox/e2e/box"
	"glovebox/e2e/machine/wire"
)

// Disk is a disk of a machine besides its root. In the machine it is the device
// /dev/disk/NAME.
type Disk struct {
	Name string
	// Backing are the properties of QEMU's block device, such as
	// "driver=file,filename=/a/b" or "driver=nbd,server.type=unix,server.path=/a/s".
	Backing string
}

// Options are how one machine differs from another.
type Options struct {
	Memory int    // MiB
	Append string // to the kernel's command line
	Disks  []Disk
}

// bootTime is how long a machine may take until it answers. An idle computer
// needs four seconds, one with ten times the work it can do needs a minute.
const bootTime = 4 * time.Minute

// Machine is a running virtual machine. It ends with Off or Cut, of which one
// must be called; a second call does nothing.
type Machine struct {
	Console *box.Buffer // what the kernel printed

	session
	qemu   *exec.Cmd
	exited chan struct{}
	dir    string
}

// Boot starts a machine and waits until it takes commands. The error has the end
// of the console if it does not come to that.
func (k *Kit) Boot(o Options) (*Machine, error) {
	dir, err := os.MkdirTemp("", "gbvm")
	if err != nil {
		return nil, err
	}
	m := &Machine{Console: &box.Buffer{}, exited: make(chan struct{}), dir: dir}
	socket, err := net.Listen("unix", filepath.Join(dir, "port"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	defer socket.Close()
	m.qemu = exec.Command(emulator, k.args(o, filepath.Join(dir, "port"))...)
	m.qemu.Stdout, m.qemu.Stderr = m.Console, m.Console
	if err := m.qemu.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	go func() { _ = m.qemu.Wait(); close(m.exited) }()
	if err := m.meet(socket); err != nil {
		m.Cut()
		return nil, fmt.Errorf("the machine does not come up: %w\n%s", err, m.tail())
	}
	return m, nil
}

// kernelArgs make a machine that panics or restarts end, and one whose processor
// has to wait for its turn not take its clock for broken (no_timer_check).
const kernelArgs = "console=ttyS0 quiet panic=-1 reboot=t no_timer_check mitigations=off random.trust_cpu=on"

// args are QEMU's. Its "microvm" would start half a second earlier, but emulated
// it lacks a clock to set the others by, and one boot in five stands still. There
// is one processor: two emulated ones stood still now and then, and were slower.
func (k *Kit) args(o Options, socket string) []string {
	args := []string{
		"-M", "q35", "-accel", "tcg,thread=single", "-cpu", "max", "-smp", "1", "-m", strconv.Itoa(o.Memory),
		"-nodefaults", "-no-user-config", "-nographic", "-no-reboot", "-serial", "stdio",
		"-kernel", k.kernel, "-initrd", k.initramfs,
		"-append", strings.TrimSpace(kernelArgs + " " + o.Append),
		"-blockdev", "driver=raw,node-name=root,read-only=on,file.driver=file,file.filename=" + k.root + ",file.locking=off",
		"-device", "virtio-blk-pci,drive=root,serial=root",
		"-device", "virtio-rng-pci",
		"-device", "virtio-serial-pci",
		"-chardev", "socket,id=port,path=" + socket,
		"-device", "virtserialport,chardev=port,name=" + wire.PortName,
	}
	for _, d := range o.Disks {
		args = append(args, "-blockdev", "node-name="+d.Name+","+d.Backing,
			"-device", "virtio-blk-pci,drive="+d.Name+",serial="+d.Name)
	}
	return args
}

// meet waits for the emulator to connect and for the guest to be ready.
func (m *Machine) meet(socket net.Listener) error {
	type met struct {
		conn net.Conn
		err  error
	}
	came := make(chan met, 1)
	go func() {
		c, err := socket.Accept()
		came <- met{c, err}
	}()
	late := time.After(bootTime)
	select {
	case c := <-came:
		if c.err != nil {
			return c.err
		}
		m.open(c.conn)
	case <-m.exited:
		return fmt.Errorf("%s ended: %s", emulator, m.qemu.ProcessState)
	case <-late:
		return fmt.Errorf("%s does not connect within %s", emulator, bootTime)
	}
	select {
	case <-m.ready:
		return nil
	case <-m.exited:
		return fmt.Errorf("%s ended: %s", emulator, m.qemu.ProcessState)
	case <-late:
		return fmt.Errorf("the guest is not ready within %s", bootTime)
	}
}

// Cut ends the machine as a power cut does: at once. Its commands end with an
// error. What its disks keep is up to them.
func (m *Machine) Cut() {
	_ = m.qemu.Process.Kill()
	m.gone()
}

// Off writes everything to the disks, unmounts them and turns the machine off.
func (m *Machine) Off() error {
	select {
	case <-m.exited:
		return nil
	default:
	}
	m.send(wire.Request{ID: m.next(), Args: []string{"/sbin/guest", "off"}})
	select {
	case <-m.exited:
		m.gone()
		return nil
	case <-time.After(30 * time.Second):
		m.Cut()
		return fmt.Errorf("the machine does not turn itself off within 30 s\n%s", m.tail())
	}
}

// tail is the end of what the kernel printed.
func (m *Machine) tail() string {
	text := m.Console.String()
	return text[max(0, len(text)-3000):]
}

func (m *Machine) gone() {
	<-m.exited
	m.close()
	_ = os.RemoveAll(m.dir)
}
