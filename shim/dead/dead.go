// Package dead answers containerd, which executes a task's shim with "-info" to
// learn what kind it is, again and again until it is told, and with "delete"
// whenever its connection to that task ends: after each Delete, too, when there
// is nothing to do. So the answer must be cheap, and whoever gives it imports
// little. While the shim lives it has removed the task itself, or will, and
// knows better; only when it is dead there is something to clean up, for a
// program that can.
package dead

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// RootFile, in the bundle, names the root directory of the shim that has
	// the sandbox, for a process that knows only the bundle.
	RootFile = "glovebox-root"
	// LockFile, in the root directory, is locked by the shim for as long as it
	// lives.
	LockFile = "lock"
	// Status is the exit status of a job whose shim died: killed with it.
	Status = 137
)

// Asked says whether a command line is one of containerd's questions.
func Asked(argv []string) bool {
	if len(argv) == 2 {
		return argv[1] == "-info"
	}
	return len(argv) > 2 && argv[len(argv)-1] == "delete" && strings.HasPrefix(argv[1], "-")
}

// Alive says whether the shim works that has the sandbox of a bundle, or that
// there never was one for it: then there is nothing to clean up. Anything that
// is not certain is a no.
func Alive(bundle string) bool {
	root, err := os.ReadFile(filepath.Join(bundle, RootFile))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	lock, err := os.Open(filepath.Join(string(root), LockFile))
	if err != nil {
		return false
	}
	defer lock.Close()
	// Let go of at once: whoever cleans up takes it again, and looks again.
	return errors.Is(syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// Bundle is the bundle that containerd asks about; "" if it names none, as with
// any other question than that for deletion.
func Bundle(argv []string) string {
	for i, arg := range argv[:len(argv)-1] {
		if arg == "-bundle" {
			return argv[i+1]
		}
	}
	return ""
}

// Answer is what containerd wants to be told: a DeleteResponse of its task API,
// with a status and the time, as protobuf has it.
func Answer(now time.Time) []byte {
	const number, message = 0, 2 // wire types
	const status, at = 2<<3 + number, 3<<3 + message
	const seconds, nanos = 1<<3 + number, 2<<3 + number
	stamp := binary.AppendUvarint([]byte{seconds}, uint64(now.Unix()))
	stamp = binary.AppendUvarint(append(stamp, nanos), uint64(now.Nanosecond()))
	b := binary.AppendUvarint([]byte{status}, Status)
	return append(append(b, at, byte(len(stamp))), stamp...)
}
