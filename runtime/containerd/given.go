package containerd

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"glovebox"
)

// givenFiles are files as the shim takes them, with a claim or by themselves:
// in the call itself or, if they are too much for one, as the path of a memfd,
// which nobody can change any more.
type givenFiles struct {
	Files  []wireFile `json:"files,omitempty"`
	Memory string     `json:"memory,omitempty"`
}

// wireFile is one of them in the call.
type wireFile struct {
	Path string `json:"path"`
	Mode uint32 `json:"mode"`
	Data []byte `json:"data"`
}

// inCallBytes is how much a call can carry of files: a message to the shim has
// 4 MiB at most, and files take a third more in it.
const inCallBytes = 512 << 10

// give makes files ready for a call. release is to be called after it.
func give(files []glovebox.File) (g givenFiles, release func(), err error) {
	size := 0
	for _, f := range files {
		size += f.Data.Len()
	}
	if size <= inCallBytes {
		for _, f := range files {
			g.Files = append(g.Files, wireFile{f.Path, f.Mode, f.Data.Reveal()})
		}
		return g, func() {}, nil
	}
	memory, err := fileMemory(files)
	if err != nil {
		return g, nil, glovebox.Errorf(glovebox.KindStart, "put the job's files into memory: %w", err)
	}
	g.Memory = fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), memory.Fd())
	return g, func() { memory.Close() }, nil
}

// fileMemory writes files down in memory: four bytes with the length of a list,
// big endian, the list as JSON, and then what is in each.
func fileMemory(files []glovebox.File) (_ *os.File, err error) {
	fd, err := unix.MemfdCreate("files", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	memory := os.NewFile(uintptr(fd), "files")
	defer func() {
		if err != nil {
			memory.Close()
		}
	}()
	type head struct {
		Path string `json:"path"`
		Mode uint32 `json:"mode"`
		Size int    `json:"size"`
	}
	var list []head
	for _, f := range files {
		list = append(list, head{f.Path, f.Mode, f.Data.Len()})
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	if _, err := memory.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)); err != nil {
		return nil, err
	}
	for _, f := range files {
		if _, err := memory.Write(f.Data.Reveal()); err != nil {
			return nil, err
		}
	}
	const seals = unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL
	_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals)
	return memory, os.NewSyscallError("fcntl", err)
}
