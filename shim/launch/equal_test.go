package launch_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"glovebox/shim/ticket"
)

// state is what the kernel tells about a process that must not depend on who
// made its root and took its capabilities.
type state map[string]string

// A sentry launched here is, for the kernel, one that gVisor has launched
// itself.
func TestSentryIsAsGvisorMakesIt(t *testing.T) {
	image := pauseImage(t)
	var got [2]state
	for i, stock := range []bool{true, false} {
		s, err := boot(t, image, func(n *ticket.Ticket) { n.Stock = stock })
		if err == nil {
			got[i] = observe(t, s)
		}
		s.end(t)
		must(t, err)
	}
	// gVisor opens a pipe in each of its images and lets the next one have it;
	// ours is one image, so it has one pipe less.
	for _, end := range []string{"pipe:[N] 00\n", "pipe:[N] 01\n"} {
		got[0]["descriptors"] = strings.Replace(got[0]["descriptors"], end, "", 1)
	}
	for _, name := range slices.Sorted(maps.Keys(got[0])) {
		if got[0][name] != got[1][name] {
			t.Errorf("%s: stock\n%s\nours\n%s", name, got[0][name], got[1][name])
		}
	}
	if len(got[0]) != len(got[1]) {
		t.Errorf("%d facts about stock's, %d about ours", len(got[0]), len(got[1]))
	}
	// The comparison is worth something only if these are what they should be.
	for name, want := range map[string]string{
		"CapEff": "000000000008001f", "CapPrm": "000000000008001f", "CapBnd": "000000000008001f",
		"CapInh": "0000000000000000", "CapAmb": "0000000000000000",
		"NoNewPrivs": "1", "Seccomp": "2", "Seccomp_filters": "1", "NSpid": "1", "root": "/", "cwd": "/",
		"own namespaces": "ipc mnt net pid user uts", "files in the root": "etc etc/localtime proc",
	} {
		if got[1][name] != want {
			t.Errorf("%s is %q, want %q", name, got[1][name], want)
		}
	}
	if mounts := got[1]["mounts"]; strings.Count(mounts, "\n") != 1 || !strings.Contains(mounts, " / ro") {
		t.Errorf("mounts:\n%s", mounts)
	}
}

// observe asks for everything, of every thread where threads can differ.
func observe(t *testing.T, s *sentry) state {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", s.pid())
	got := state{}
	tasks, err := filepath.Glob(proc + "task/*")
	must(t, err)
	for i, task := range tasks {
		for name, value := range statusOf(t, task) {
			if i > 0 && got[name] != value {
				t.Errorf("%s: %s is %q, of the first %q", task, name, value, got[name])
			}
			got[name] = value
		}
		groups := read(t, task+"/cgroup")
		for _, controller := range []string{"memory", "pids", "cpu", "cpuacct"} {
			if !strings.Contains(groups, ":"+controller+":"+s.group.Path+"\n") && !strings.Contains(groups, "0::"+s.group.Path+"\n") {
				t.Errorf("%s is not in the %s group:\n%s", task, controller, groups)
			}
		}
	}
	got["mounts"] = mountsOf(read(t, proc+"mountinfo"))
	for _, name := range []string{"limits", "oom_score_adj", "coredump_filter", "personality", "timerslack_ns", "loginuid", "uid_map", "gid_map", "attr/current"} {
		text, _ := os.ReadFile(proc + name) // some kernels have fewer
		got[name] = string(text)
	}
	for _, name := range []string{"root", "cwd"} {
		got[name], err = os.Readlink(proc + name)
		must(t, err)
	}
	got["own namespaces"] = ownNamespaces(t, proc)
	got["descriptors"] = descriptors(t, proc)
	got["files in the root"] = filesIn(t, proc+"root")
	got["children"] = children(t, proc)
	got["session"] = sessionOf(read(t, proc+"stat"))
	return got
}

// statusOf is the part of a thread's status that is no counter and no number
// of a thread.
func statusOf(t *testing.T, task string) state {
	t.Helper()
	got := state{}
	for line := range strings.Lines(read(t, task+"/status")) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters",
			"Uid", "Gid", "Groups", "Umask", "CoreDumping", "THP_enabled", "Speculation_Store_Bypass",
			"SpeculationIndirectBranch", "Cpus_allowed", "Mems_allowed", "SigIgn", "ShdPnd":
			got[name] = strings.TrimSpace(value)
		case "NSpid":
			if fields := strings.Fields(value); filepath.Base(task) == fields[0] {
				got["NStgid depth"] = fmt.Sprint(len(fields))
			}
		case "NStgid":
			fields := strings.Fields(value)
			got["NSpid"] = fields[len(fields)-1]
		}
	}
	return got
}

// mountsOf leaves out the numbers of mounts and devices.
func mountsOf(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.Join(strings.Fields(line)[3:], " ") + "\n")
	}
	return b.String()
}

func ownNamespaces(t *testing.T, proc string) string {
	t.Helper()
	entries, err := os.ReadDir(proc + "ns")
	must(t, err)
	var own []string
	for _, e := range entries {
		theirs, err := os.Readlink(proc + "ns/" + e.Name())
		must(t, err)
		if ours, _ := os.Readlink("/proc/self/ns/" + e.Name()); theirs != ours && !strings.HasSuffix(e.Name(), "_for_children") {
			own = append(own, e.Name())
		}
	}
	return strings.Join(own, " ")
}

var digits = regexp.MustCompile(`[0-9]+`)

// descriptors lists the open files by kind, path and mode.
func descriptors(t *testing.T, proc string) string {
	t.Helper()
	entries, err := os.ReadDir(proc + "fd")
	must(t, err)
	var kinds []string
	for _, e := range entries {
		target, err := os.Readlink(proc + "fd/" + e.Name())
		if err != nil {
			continue
		}
		mode := "?"
		for line := range strings.Lines(read(t, proc+"fdinfo/"+e.Name())) {
			if flags, ok := strings.CutPrefix(line, "flags:"); ok {
				mode = strings.TrimSpace(flags)
			}
		}
		// Connections to the control socket, with an event each, come and go.
		kind := digits.ReplaceAllString(target, "N") + " " + mode
		passing := strings.HasPrefix(kind, "socket:") || strings.HasPrefix(kind, "anon_inode:[eventfd]")
		if !passing || !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return strings.Join(kinds, "\n")
}

func filesIn(t *testing.T, root string) string {
	t.Helper()
	var all []string
	must(t, filepath.WalkDir(root+"/", func(path string, _ os.DirEntry, err error) error {
		if rel := strings.TrimPrefix(strings.TrimPrefix(path, root), "/"); rel != "" {
			all = append(all, rel)
		}
		return err
	}))
	return strings.Join(all, " ")
}

// children are systrap's stub processes; no helper may be left.
func children(t *testing.T, proc string) string {
	t.Helper()
	lists, err := filepath.Glob(proc + "task/*/children")
	must(t, err)
	var all []string
	for _, list := range lists {
		pids, _ := os.ReadFile(list) // threads come and go
		for pid := range strings.FieldsSeq(string(pids)) {
			for line := range strings.Lines(read(t, "/proc/"+pid+"/status")) {
				name, value, _ := strings.Cut(line, ":")
				switch name {
				case "CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb", "Seccomp", "NoNewPrivs":
					all = append(all, name+" "+strings.TrimSpace(value))
				}
			}
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "\n")
}

// sessionOf says whether the process leads its group and session.
func sessionOf(stat string) string {
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	pid, _, _ := strings.Cut(stat, " ")
	return fmt.Sprint(fields[2] == pid, fields[3] == pid)
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}
