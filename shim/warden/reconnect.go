package warden

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/fdnotifier"
	"gvisor.dev/gvisor/pkg/sentry/fsimpl/kernfs"
	"gvisor.dev/gvisor/pkg/sentry/kernel"
	"gvisor.dev/gvisor/pkg/sentry/vfs"
	"gvisor.dev/gvisor/pkg/waiter"
)

// everything that may be waited for: whoever waits has another look.
const everything = waiter.EventMask(^uint64(0))

// reconnect puts the job's streams behind the files that the restored tasks
// have as their standard streams, under whatever numbers and in however many
// copies. To the tasks they are the same open files as before the snapshot: one
// that waits for input goes on to wait, for the job's. gVisor keeps the host's
// file by its number, so another file gets that number. No task may run.
func reconnect(k *kernel.Kernel, tasks []*kernel.Task) error {
	ctx := k.SupervisorContext()
	seen, tables := map[uintptr]bool{}, map[*kernel.FDTable]bool{}
	var errs []error
	for _, t := range tasks {
		table := t.FDTable()
		if table == nil || tables[table] {
			continue
		}
		tables[table] = true
		table.ForEach(ctx, func(_ int32, file *vfs.FileDescription, _ kernel.FDFlags) bool {
			if h, ok := hostFileOf(file); ok && !seen[h.id] {
				seen[h.id] = true
				errs = append(errs, h.connect())
			}
			return true
		})
	}
	return errors.Join(errs...)
}

// hostFile is gVisor's inode of a file of the host's.
type hostFile struct {
	id     uintptr
	fd     int
	stream int
	kind   *uint16 // a type as in st_mode
	queue  *waiter.Queue
}

// leaveInput keeps gVisor from emptying the task's input when it is saved.
// gVisor would put what nobody has read yet into the saved state, and have
// programs that poll wait for it for ever. Here it stays in the pipe, which is
// the saved job's. gVisor empties what it takes for a pipe, and asks for the
// type nowhere else but to tell a regular file.
func leaveInput(t *kernel.Task) {
	t.FDTable().ForEach(t, func(_ int32, file *vfs.FileDescription, _ kernel.FDFlags) bool {
		if h, ok := hostFileOf(file); ok && *h.kind == unix.S_IFIFO {
			*h.kind = unix.S_IFSOCK
		}
		return true
	})
}

// hostFileOf looks into gVisor's inode, which keeps all this to itself.
func hostFileOf(file *vfs.FileDescription) (h hostFile, ok bool) {
	dentry, ok := file.Dentry().Impl().(*kernfs.Dentry)
	if !ok {
		return h, false
	}
	inode := reflect.ValueOf(dentry.Inode())
	if inode.Type().String() != "*host.inode" {
		return h, false
	}
	fd, key, queue := inode.Elem().FieldByName("hostFD"), inode.Elem().FieldByName("restoreKey"), inode.Elem().FieldByName("queue")
	if !fd.IsValid() || fd.Kind() != reflect.Int || !key.IsValid() || !queue.IsValid() || queue.Type() != reflect.TypeFor[waiter.Queue]() {
		return h, false
	}
	kind := inode.Elem().FieldByName("ftype")
	if !kind.IsValid() || kind.Kind() != reflect.Uint16 {
		return h, false
	}
	path := key.FieldByName("Path")
	if !path.IsValid() || !strings.HasPrefix(path.String(), "host:") {
		return h, false
	}
	if _, err := fmt.Sscanf(path.String(), "host:%d", &h.stream); err != nil {
		return h, false
	}
	h.id, h.fd, h.kind = inode.Pointer(), int(fd.Int()), (*uint16)(unsafe.Pointer(kind.UnsafeAddr()))
	h.queue = (*waiter.Queue)(unsafe.Pointer(queue.UnsafeAddr()))
	return h, true
}

// connect has the job's stream take the place of the file, if there is one.
func (h hostFile) connect() error {
	to := streams[h.stream]
	if to == nil || h.fd < 0 {
		return nil
	}
	if !fdnotifier.HasFD(int32(h.fd)) {
		return fmt.Errorf("%s: stream %d is not one that can be waited for", sinkName, h.stream)
	}
	if err := unix.SetNonblock(to.FD(), true); err != nil {
		return err
	}
	fdnotifier.RemoveFD(int32(h.fd))
	if err := unix.Dup3(to.FD(), h.fd, unix.O_CLOEXEC); err != nil {
		return err
	}
	if err := fdnotifier.AddFD(int32(h.fd), h.queue); err != nil {
		return err
	}
	h.queue.Notify(everything)
	return nil
}
