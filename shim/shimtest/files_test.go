package shimtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const canary = "canary-5f2a91c3"

func someFiles() []File {
	return []File{
		{"/run/secrets/KEY", 0o400, []byte(canary)},
		{"/run/secrets/other", 0o440, bytes.Repeat([]byte("x"), 100_000)},
		{"/etc/resolv.conf", 0o444, []byte("nameserver 192.0.2.1\n")},
		{"/run/glovebox/ca.pem", 0o444, []byte("pem\n")},
	}
}

// look has a job say all there is to know about its files, and try to change
// them.
const look = `
cat /run/secrets/KEY; echo; md5sum /run/secrets/other; cat /etc/resolv.conf /run/glovebox/ca.pem
ls -ln /run/secrets; ls -ldn /run/secrets /etc/resolv.conf /run/glovebox/ca.pem
grep -E ' (/run|/etc)' /proc/self/mountinfo
for f in /run/secrets/KEY /run/secrets/new /etc/resolv.conf /run/glovebox/ca.pem; do echo x >$f && echo wrote $f; done
rm -f /run/secrets/KEY && echo removed; rm -f /etc/resolv.conf && echo removed
chmod 777 /run/secrets /run/secrets/KEY 2>/dev/null # gVisor lets the owner do this, which gains nothing:
echo x >/run/secrets/KEY && echo wrote; echo x >/run/secrets/new && echo wrote; rm -f /run/secrets/KEY && echo removed; mkdir /run/secrets/x && echo wrote
umount /run/secrets && echo unmounted; umount /etc/resolv.conf && echo unmounted
mv /run/secrets /run/elsewhere && echo moved
cp /bin/busybox /tmp/b; env
`

// TestFiles: a job has its files from its first instruction on, as its user's,
// read-only, and in a parked sandbox as in one that was made for it.
func TestFiles(t *testing.T) {
	s := StartShim(t)
	job := Job{Args: []string{"/bin/sh", "-c", look}, UID: 4321, ScratchSize: 32 << 20, Memory: 300 << 20, Tasks: 50, Files: someFiles()}
	var seen [2]string
	for i := range seen {
		job.Parked = i == 1
		_, out, errs := s.Run(t, job)
		seen[i] = times.ReplaceAllString(out+errs, "TIME")
	}
	if seen[0] != seen[1] {
		t.Errorf("cold:\n%s\nparked:\n%s", seen[0], seen[1])
	}
	out := seen[0]
	for _, want := range []string{
		canary + "\n", "nameserver 192.0.2.1\npem\n",
		"dr-x------    2 4321     4321 ", "-r--------    1 4321     4321            15 TIME KEY", "-r--r-----    1 4321     4321        100000 TIME other",
		"-r--r--r--    1 4321     4321            21 TIME /etc/resolv.conf", "-r--r--r--    1 4321     4321             4 TIME /run/glovebox/ca.pem",
		" /run/secrets ro,noexec,nosuid", " - tmpfs none ro,size=112k,nr_inodes=3,mode=500",
		" /etc/resolv.conf ro,noexec,nosuid", " /run/glovebox/ca.pem ro,noexec,nosuid",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q", want)
		}
	}
	for _, bad := range []string{"wrote", "removed", "unmounted", "moved"} {
		if strings.Contains(out, bad) {
			t.Errorf("it has %s something", bad)
		}
	}
	if strings.Count(out, canary) != 1 {
		t.Errorf("the secret is there %d times", strings.Count(out, canary))
	}
	if t.Failed() {
		t.Log(out)
	}
}

// TestFilesOverAnything: whatever the image has in the place of a file makes
// way, and a link leads nowhere else.
func TestFilesOverAnything(t *testing.T) {
	s := StartShim(t)
	etc, run := filepath.Join(s.Rootfs, "etc"), filepath.Join(s.Rootfs, "run")
	must(t, os.MkdirAll(etc, 0o755))
	_ = os.Remove(run)
	must(t, os.MkdirAll(filepath.Join(s.Rootfs, "var", "run"), 0o755))
	must(t, os.Symlink("/var/run", run))
	must(t, os.Symlink("/etc/target", filepath.Join(s.Rootfs, "var", "run", "secrets")))
	must(t, os.WriteFile(filepath.Join(etc, "target"), []byte("untouched\n"), 0o644))
	must(t, os.Symlink("target", filepath.Join(etc, "resolv.conf")))
	must(t, os.Symlink("/no/where", filepath.Join(etc, "hosts")))
	must(t, os.Symlink("../../../../etc", filepath.Join(s.Rootfs, "away")))
	files := append(someFiles(), File{"/etc/hosts", 0o444, []byte("192.0.2.2 one\n")}, File{"/away/below/file", 0o444, []byte("below\n")},
		File{"/new/folders/file", 0o444, []byte("new\n")})
	code, out, errs := s.Run(t, Job{
		Args: []string{"/bin/sh", "-c", "cat /run/secrets/KEY; echo; cat /etc/target /etc/resolv.conf /etc/hosts /etc/below/file /new/folders/file; ls -ld /etc/hosts /run/secrets"},
		UID:  4321, ScratchSize: 32 << 20, Files: files,
	})
	want := canary + "\nuntouched\nnameserver 192.0.2.1\n192.0.2.2 one\nbelow\nnew\n-r--r--r--"
	if code != 0 || !strings.HasPrefix(out, want) || !strings.Contains(out, "dr-x------") {
		t.Errorf("status %d\n%s%s", code, out, errs)
	}
}

func manyFiles(n int) (all []File) {
	for i := range n {
		all = append(all, File{fmt.Sprint("/f", i), 0o400, nil})
	}
	return all
}

// TestFilesRefused: a job does not run without the files that it is to have, and
// gets them once.
func TestFilesRefused(t *testing.T) {
	if parked {
		t.Skip("skipped: between Create and Start, parked sandboxes get nothing")
	}
	s := StartShim(t)
	ctx := t.Context()
	announced := Job{Args: []string{"/bin/echo", "ran"}, ScratchSize: 32 << 20, Annotations: map[string]string{"dev.glovebox.files": "true"}}
	k := s.NewTask(t, announced)
	k.Create(t)
	if err := k.TryStart(); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("start without: %v", err)
	}
	for name, bad := range map[string][]File{
		"none": nil, "relative": {{"etc/x", 0o400, nil}}, "not clean": {{"/etc/../x", 0o400, nil}}, "deep": {{"/run/secrets/a/b", 0o400, nil}},
		"the folder": {{"/run/secrets", 0o400, nil}}, "setuid": {{"/x", 0o4755, nil}}, "twice": {{"/x", 0o400, nil}, {"/x", 0o400, nil}},
		"many": manyFiles(97),
	} {
		if err := k.GiveFiles(ctx, bad); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, k.GiveFiles(ctx, someFiles()))
	if err := k.GiveFiles(ctx, someFiles()); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("a second time: %v", err)
	}
	k.Start(t)
	if err := k.GiveFiles(ctx, someFiles()); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("to one that runs: %v", err)
	}
	k.Wait(t)
	k.Delete(t)
	if out := k.Stdout.String(); out != "ran\n" {
		t.Errorf("%q", out)
	}

	plain := s.NewTask(t, Job{Args: []string{"/bin/true"}})
	plain.Create(t)
	if err := plain.GiveFiles(ctx, someFiles()); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("to one that expects none: %v", err)
	}
	plain.Start(t)
	plain.Wait(t)
	plain.Delete(t)

	// A folder of the image that is not empty does not make way, and the job
	// does not run.
	stuck := s.NewTask(t, Job{Args: []string{"/bin/echo", "ran"}, ScratchSize: 32 << 20, Files: []File{{"/bin", 0o400, []byte(canary)}}})
	stuck.Create(t)
	if err := stuck.TryStart(); err == nil || strings.Contains(err.Error(), canary) || !strings.Contains(err.Error(), "/bin: ") {
		t.Errorf("over a folder: %v", err)
	}
	stuck.Wait(t)
	stuck.Delete(t)
	if out := stuck.Stdout.String(); out != "" {
		t.Errorf("it ran: %q", out)
	}
}

// TestFilesAreNowhere: while a job has them, its files are not on the disk, nor
// in what processes of the host are told, nor in the shim's log; they cannot be
// saved with it.
func TestFilesAreNowhere(t *testing.T) {
	s := StartShim(t)
	for _, ahead := range []bool{false, true} {
		k := s.NewTask(t, Job{Args: []string{"/bin/sh", "-c", "cat /run/secrets/KEY; echo; sleep 60"}, ScratchSize: 32 << 20, Files: someFiles(), Parked: ahead})
		k.Create(t)
		k.Start(t)
		<-k.Stdout.First
		if found := s.search(t, canary); len(found) > 0 {
			t.Errorf("parked %v: it is in %v", ahead, found)
		}
		if err := k.Save(s.SnapshotDir(t), false); status.Code(err) != codes.FailedPrecondition {
			t.Errorf("save: %v", err)
		}
		k.Kill(t, syscall.SIGKILL)
		k.Wait(t)
		k.Delete(t)
	}
	if strings.Contains(s.Log(), canary) {
		t.Errorf("it is in the log")
	}

	// The control: written by the job to its scratch layer, or given as its
	// argument, it is found.
	k := s.NewTask(t, Job{Args: []string{"/bin/sh", "-c", "cat /run/secrets/KEY >/copy; sync; echo done; : " + canary + "x; sleep 60"}, ScratchSize: 32 << 20, Files: someFiles()})
	k.Create(t)
	k.Start(t)
	<-k.Stdout.First
	found := strings.Join(s.search(t, canary), " ")
	if !strings.Contains(found, "scratch") || !strings.Contains(found, "config.json") {
		t.Errorf("the search finds too little: %v", found)
	}
	k.Kill(t, syscall.SIGKILL)
	k.Wait(t)
	k.Delete(t)
}

// search returns the files of the test and of the shim's processes in which
// there is a text.
func (s *Shim) search(t testing.TB, text string) (found []string) {
	t.Helper()
	look := func(path string) {
		if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, []byte(text)) {
			found = append(found, path)
		}
	}
	err := filepath.WalkDir(s.Dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && !strings.Contains(path, "/images/") {
			look(path)
		}
		return nil
	})
	must(t, err)
	processes := append(s.children(), s.PID())
	for _, pid := range processes {
		for _, name := range []string{"environ", "cmdline"} {
			look(filepath.Join("/proc", strconv.Itoa(pid), name))
		}
		// Files without a name, such as the one behind a scratch layer, count as
		// the disk's if that is where they are.
		open, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "fd", "*"))
		for _, fd := range open {
			if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, s.Dir) && strings.HasSuffix(to, " (deleted)") {
				if b, err := os.ReadFile(fd); err == nil && bytes.Contains(b, []byte(text)) {
					found = append(found, to+" scratch")
				}
			}
		}
	}
	return found
}

// TestFilesOfInterpreter and of what was restored: they are there when the
// script begins.
func TestFilesOfInterpreter(t *testing.T) {
	s := StartShim(t)
	exe := s.addPython(t)
	const script = "import os; print(open('/run/secrets/KEY').read(), oct(os.stat('/run/secrets').st_mode), open('/etc/resolv.conf').read().strip())"
	k := s.NewTask(t, Job{Args: []string{exe, "-c", script}, ScratchSize: 64 << 20, Files: someFiles()})
	s.parkInterpreter(t, k, exe)
	must(t, k.Take())
	k.Start(t)
	h := k.converse()
	if got := h.Line(t); got != canary+" 0o40500 nameserver 192.0.2.1" {
		t.Errorf("%q", got)
	}
	k.Wait(t)
	k.Delete(t)
}

func TestFilesOfRestored(t *testing.T) {
	s := StartShim(t)
	j := Job{Args: []string{"/bin/sh", "-c", "echo ready; while read line; do cat /run/secrets/KEY 2>/dev/null; echo .; done"}, ScratchSize: 16 << 20, Stdin: true}
	dir, from, _ := s.saved(t, j)
	for _, files := range [][]File{nil, someFiles()} {
		with := j
		with.Files = files
		r := s.restored(t, dir, from, with)
		r.Start(t)
		want := "."
		if files != nil {
			want = canary + "."
		}
		if got := r.Ask(t, "x"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		r.Kill(t, syscall.SIGKILL)
		r.Wait(t)
		r.Delete(t)
	}
}

// parkInterpreter parks the task with python waiting in it.
func (s *Shim) parkInterpreter(t *testing.T, k *Task, exe string) {
	t.Helper()
	path := filepath.Join(k.Bundle, "config.json")
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path+".job", data, 0o600))
	var spec map[string]any
	must(t, json.Unmarshal(data, &spec))
	spec["process"].(map[string]any)["args"] = []string{exe}
	a := spec["annotations"].(map[string]any)
	a["dev.glovebox.park"], a["dev.glovebox.interpreter"] = "true", "python3"
	data, err = json.Marshal(spec)
	must(t, err)
	must(t, os.WriteFile(path, data, 0o600))
	_, err = s.Create(t.Context(), &api.CreateTaskRequest{ID: k.ID, Bundle: k.Bundle})
	must(t, err)
}
