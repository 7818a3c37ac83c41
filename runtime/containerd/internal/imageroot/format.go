package imageroot

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"strings"

	"glovebox"
)

// maxInterpreters is how often a script's interpreter may be a script.
const maxInterpreters = 4

// headerBytes is as much of a file as the kernel looks at to tell its format.
const headerBytes = 4096

// machines are the ELF e_machine numbers of this node's architecture.
var machines = map[string]uint16{"amd64": 62, "arm64": 183}

// format says whether the kernel would know how to run the file, which exists
// and may be executed. What it cannot tell is left for the kernel to say.
func (r *Root) format(name string, u User, depth int) error {
	head, err := r.read(name, headerBytes)
	if err != nil {
		return refuse("%w", err)
	}
	if line, ok := bytes.CutPrefix(head, []byte("#!")); ok {
		return r.interpreter(name, line, u, depth)
	}
	if !bytes.HasPrefix(head, []byte("\x7fELF")) || len(head) < 64 {
		return refuse("%s is neither a program nor a script that names its interpreter", name)
	}
	if want := machines[runtime.GOARCH]; want != 0 && head[4] == 2 {
		if got := binary.LittleEndian.Uint16(head[18:]); got != want {
			return refuse("%s is a program for another kind of processor", name)
		}
		if loader := elfLoader(head); loader != "" {
			return needs(name, loader, r.executable(loader, u, 0))
		}
	}
	return nil
}

func (r *Root) interpreter(name string, line []byte, u User, depth int) error {
	first, _, _ := bytes.Cut(line, []byte("\n"))
	fields := strings.Fields(string(first))
	if len(fields) == 0 || depth == 0 {
		return refuse("%s names no usable interpreter", name)
	}
	if !strings.HasPrefix(fields[0], "/") {
		return nil // relative to wherever the job is then
	}
	return needs(name, fields[0], r.executable(fields[0], u, depth-1))
}

// needs words an error about what a program needs to start.
func needs(name, what string, err error) error {
	if err == nil {
		return nil
	}
	e := glovebox.AsError(err)
	return glovebox.Errorf(e.Kind, "%s needs %s: %w", name, what, err).On("cmd").
		Try("use an image that has %s, or a statically linked program", what)
}

// elfLoader returns the PT_INTERP of a 64-bit little-endian program if it lies
// within its first bytes, as compilers put it.
func elfLoader(head []byte) string {
	const interp, entry = 3, 56
	table, size, count := binary.LittleEndian.Uint64(head[32:]), binary.LittleEndian.Uint16(head[54:]),
		binary.LittleEndian.Uint16(head[56:])
	if size < entry {
		return ""
	}
	for i := range uint64(count) {
		at := table + i*uint64(size)
		if at > headerBytes || at+entry > uint64(len(head)) {
			return ""
		}
		if binary.LittleEndian.Uint32(head[at:]) != interp {
			continue
		}
		offset, length := binary.LittleEndian.Uint64(head[at+8:]), binary.LittleEndian.Uint64(head[at+32:])
		if offset > headerBytes || length > headerBytes || offset+length > uint64(len(head)) {
			return ""
		}
		loader, _, _ := strings.Cut(string(head[offset:offset+length]), "\x00")
		return loader
	}
	return ""
}
