package warden

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"
	"unsafe"

	"gvisor.dev/gvisor/pkg/sentry/kernel"
	"gvisor.dev/gvisor/pkg/sentry/usage"
)

// met is closed when the sentry's kernel is known.
var (
	met  = make(chan struct{})
	meet sync.Once
	here *kernel.Kernel
	// ours is the container of the sandbox's own programs, if they were met.
	ours string
)

func meetKernel(k *kernel.Kernel) {
	meet.Do(func() {
		here = k
		close(met)
	})
}

// meetTime is how long the first program of a sandbox may take to its first
// system call.
const meetTime = 10 * time.Second

// Meet has the kernel found through the first system call made in it, which is
// made by a program of ours. The sentry calls it before it boots.
func Meet() error {
	any := func(*kernel.Task) bool { return true }
	return onFirstCall(any, func(t *kernel.Task) {
		ours = t.ContainerID()
		meetKernel(t.Kernel())
	})
}

// isJobs tells a task of the job from one of the sandbox's own programs. The one
// that waits for ever may get to do so late: where processors are scarce it can
// be overtaken by the rehearsal, and make its first call in a sandbox that has
// its job already.
func isJobs(t *kernel.Task) bool { return t.ContainerID() != ours }

// become makes the sandbox look like the job's machine. It is over before
// anything of the job's root file system is mounted.
func (j Job) become() error {
	select {
	case <-met:
	case <-time.After(meetTime):
		return errors.New(sinkName + ": the sandbox's first program did not start")
	}
	if j.Memory > 0 {
		usage.MinimumTotalMemoryBytes, usage.MaximumTotalMemoryBytes = uint64(j.Memory), uint64(j.Memory)
	}
	if err := showCPUs(here, j.CPUs); err != nil {
		return err
	}
	if j.Hostname != "" {
		here.RootUTSNamespace().SetHostName(j.Hostname)
	}
	return nil
}

// showCPUs changes how many processors the tasks made from now on see. gVisor
// takes the number at boot and has no way to change it, so its field is set in
// place; if it is not there any more the sandbox is refused.
func showCPUs(k *kernel.Kernel, n int) error {
	if n == 0 || uint(n) == k.ApplicationCores() {
		return nil
	}
	field := reflect.ValueOf(k).Elem().FieldByName("applicationCores")
	if !field.IsValid() || field.Kind() != reflect.Uint {
		return fmt.Errorf("%s: gVisor keeps its number of processors elsewhere", sinkName)
	}
	*(*uint)(unsafe.Pointer(field.UnsafeAddr())) = uint(n)
	if k.ApplicationCores() != uint(n) {
		return fmt.Errorf("%s: gVisor does not take %d processors", sinkName, n)
	}
	return nil
}
