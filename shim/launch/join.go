package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Join makes the calling thread a member of the control groups whose
// cgroup.procs files these are, and reads back that it is.
func Join(files []string) error {
	for _, file := range files {
		if err := join(file); err != nil {
			return err
		}
	}
	have, err := os.ReadFile("/proc/thread-self/cgroup")
	if err != nil {
		return err
	}
	return verifyGroups(string(have), files)
}

// join moves this thread; "0" means the writer, whatever its pid namespace.
//
// On v1 a thread can be moved alone, through the file next to the one for
// processes. It is enough, since the others end at exec; and it is faster,
// since only for a whole process the kernel waits until nothing on the machine
// forks or exits.
func join(procs string) error {
	if path.Base(procs) == "cgroup.procs" && write(path.Join(path.Dir(procs), "tasks")) == nil {
		return nil
	}
	return write(procs)
}

func write(file string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("0")
	return errors.Join(err, f.Close())
}

// verifyGroups wants one hierarchy for each file in which this thread is in a
// group of that name. The paths themselves may differ by what is mounted.
func verifyGroups(have string, files []string) error {
	left := map[string]int{}
	for _, file := range files {
		left[path.Base(path.Dir(file))]++
	}
	for line := range strings.Lines(have) {
		_, rest, _ := strings.Cut(line, ":")
		_, group, _ := strings.Cut(strings.TrimSpace(rest), ":")
		left[path.Base(group)]--
	}
	for name, n := range left {
		if n > 0 {
			return fmt.Errorf("launch: not in %d of the control groups %s: %w", n, name, fs.ErrNotExist)
		}
	}
	return nil
}
