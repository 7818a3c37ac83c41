package machine

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// writeInitramfs writes what the kernel unpacks into memory and starts: the
// guest program, the modules, and a list that says in which order to load them.
func writeInitramfs(path, guest string, modules []module) error {
	var a cpio
	a.add("dev", 0o40755, nil)
	a.add("modules", 0o40755, nil)
	program, err := os.ReadFile(guest)
	if err != nil {
		return err
	}
	a.add("init", 0o100755, program)
	var order strings.Builder
	for _, m := range modules {
		data, err := os.ReadFile(m.path)
		if err != nil {
			return err
		}
		a.add("modules/"+m.name, 0o100644, data)
		fmt.Fprintln(&order, m.name)
	}
	a.add("modules/order", 0o100644, []byte(order.String()))
	a.add("TRAILER!!!", 0, nil)
	return os.WriteFile(path, a.Bytes(), 0o644)
}

// cpio is an archive in the one format that the kernel takes ("newc").
type cpio struct {
	bytes.Buffer
	files int
}

func (a *cpio) add(name string, mode int, data []byte) {
	a.files++
	fmt.Fprint(a, "070701")
	// inode, mode, uid, gid, links, mtime, size, device (4 numbers), name's length, no checksum
	for _, n := range []int{a.files, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0} {
		fmt.Fprintf(a, "%08x", n)
	}
	a.WriteString(name + "\x00")
	a.pad()
	a.Write(data)
	a.pad()
}

func (a *cpio) pad() {
	for a.Len()%4 != 0 {
		a.WriteByte(0)
	}
}
