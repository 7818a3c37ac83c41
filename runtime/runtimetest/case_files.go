package runtimetest

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"glovebox"
)

// someFiles are what a job may get besides its image's: two secrets, one that
// the image has already, and one in a folder that it does not have.
func someFiles(canary string) []glovebox.File {
	file := func(path string, mode uint32, text string) glovebox.File {
		return glovebox.File{Path: path, Mode: mode, Data: glovebox.NewSecretValue([]byte(text))}
	}
	return []glovebox.File{
		file("/run/secrets/KEY", 0o400, canary+"\n"), file("/run/secrets/other", 0o440, strings.Repeat("x", 300_000)),
		file("/etc/passwd", 0o444, "late\n"), file("/run/glovebox/ca.pem", 0o444, "pem\n"),
	}
}

// lateFiles: what a job gets besides its image's files is there for it, its
// user's and read-only, and nowhere else.
func (s suite) lateFiles(t *testing.T) {
	const canary = "canary-5f2a91c3"
	s.check(t, "files/there", func(t *testing.T) {
		for path, want := range map[string]string{"/run/secrets/KEY": canary + "\n", "/etc/passwd": "late\n", "/run/glovebox/ca.pem": "pem\n"} {
			spec := s.spec("cat", path)
			spec.Files = someFiles(canary)
			if j, exit := s.run(t, spec, nil); exit.Code != 0 || j.stdout() != want {
				t.Errorf("%s: exit %+v, %q, stderr %q", path, exit, j.stdout(), j.stderr())
			}
		}
	})
	s.check(t, "files/not there", func(t *testing.T) {
		if j, exit := s.run(t, s.spec("cat", "/run/secrets/KEY"), nil); exit.Code == 0 || j.stdout() != "" {
			t.Errorf("exit %+v, %q", exit, j.stdout())
		}
	})
	s.check(t, "files/large", s.largeFiles)
	s.check(t, "files/refused", func(t *testing.T) {
		for _, path := range []string{"relative", "/out/x", "/run/secrets", "/run/secrets/a/b", "/proc/x", "/a/../b"} {
			spec := s.spec("echo")
			spec.Files = []glovebox.File{{Path: path, Mode: 0o400}}
			j := s.newJob(t, spec, nil)
			err := s.sys.Create(j.ctx, j.spec)
			wantKind(t, err, glovebox.KindInvalid)
			if glovebox.AsError(err).Field != "files" {
				t.Errorf("%q: %v", path, err)
			}
		}
	})
	if !s.n.Real {
		return
	}
	for _, user := range []string{"1000:1000", "0:0"} {
		s.check(t, "files/guarded/"+user, func(t *testing.T) { s.guarded(t, user, canary) })
	}
	s.check(t, "files/nowhere", func(t *testing.T) { s.nowhere(t, canary) })
}

// largeFiles: as much as there may be comes whole, and a byte more is refused.
func (s suite) largeFiles(t *testing.T) {
	spec := s.spec("cat", "/data/large")
	large := bytes.Repeat([]byte("0123456789abcde\n"), (glovebox.MaxFileBytes-1<<20)/16)
	spec.Files = []glovebox.File{{Path: "/data/large", Mode: 0o444, Data: glovebox.NewSecretValue(large)}}
	for i := range glovebox.MaxFiles - 1 {
		spec.Files = append(spec.Files, glovebox.File{Path: fmt.Sprintf("/data/%d", i), Mode: 0o400, Data: glovebox.NewSecretValue(large[:1<<20/glovebox.MaxFiles])})
	}
	spec.Files[1].Path = glovebox.SecretsDir + "/KEY"
	j, exit := s.run(t, spec, nil)
	if exit.Code != 0 || j.stdout() != string(large) {
		t.Errorf("exit %+v, %d bytes of %d, stderr %.300q", exit, len(j.stdout()), len(large), j.stderr())
	}
	spec = s.spec("echo")
	spec.Files = []glovebox.File{{Path: "/a", Data: glovebox.NewSecretValue(large)}, {Path: "/b", Data: glovebox.NewSecretValue(make([]byte, 1<<20+1))}}
	err := s.sys.Create(t.Context(), spec)
	wantKind(t, err, glovebox.KindInvalid)
	if glovebox.AsError(err).Field != "files" {
		t.Errorf("%v", err)
	}
}

// guarded has a job look at its files, and try to change them.
func (s suite) guarded(t *testing.T, user, canary string) {
	spec := s.spec("sh", "-c", `stat -c '%a %u:%g %n' /run/secrets /run/secrets/* /etc/passwd /run/glovebox/ca.pem
		exec 2>/dev/null
		for f in /run/secrets/KEY /run/secrets/new /etc/passwd /run/glovebox/ca.pem; do echo x >$f && echo wrote; done
		chmod 777 /run/secrets /run/secrets/KEY # the owner may be let, which gains nothing
		for f in /run/secrets/KEY /run/secrets/new; do echo x >$f && echo wrote; done
		rm -f /run/secrets/KEY && echo removed; rm -f /etc/passwd && echo removed; busybox mv /run/secrets /run/x && echo moved
		busybox umount /run/secrets && echo unmounted; busybox umount /etc/passwd && echo unmounted
		cp /bin/busybox /run/secrets/b && echo wrote
		grep -c ' /run/secrets ro,' /proc/self/mountinfo; grep ' /run/secrets ' /proc/self/mountinfo | grep -c -E '[ ,]noexec.*tmpfs'
		cat /run/secrets/KEY; wc -c </run/secrets/other`)
	spec.Files, spec.User = someFiles(canary), user
	j, _ := s.run(t, spec, nil)
	want := "500 U /run/secrets\n400 U /run/secrets/KEY\n440 U /run/secrets/other\n444 U /etc/passwd\n444 U /run/glovebox/ca.pem\n1\n1\n" + canary + "\n300000\n"
	if want = strings.ReplaceAll(want, "U", user); j.stdout() != want {
		t.Errorf("it says\n%s, want\n%s; stderr %s", j.stdout(), want, j.stderr())
	}
}

// nowhere searches the node for a secret while a job has it and when it is gone.
// The control is one that was passed in the wrong way.
func (s suite) nowhere(t *testing.T, canary string) {
	spec := s.spec("sh", "-c", "cat /run/secrets/KEY; exec sleep 60")
	spec.Files = someFiles(canary)
	j := s.newJob(t, spec, nil).start().ready()
	if found := s.search(t, canary); len(found) > 0 {
		t.Errorf("while the job runs it is in %v", found)
	}
	j.destroy()
	j.drain()
	if found := s.search(t, canary); len(found) > 0 {
		t.Errorf("after it, it is in %v", found)
	}
	spec = s.spec("sh", "-c", "echo; exec sleep 60")
	spec.Env = append(spec.Env, "WRONG="+canary)
	j = s.newJob(t, spec, nil).start().ready()
	if len(s.search(t, canary)) == 0 && !s.n.Parked { // a claim's environment is in memory alone, too
		t.Errorf("the search finds nothing where there is something")
	}
	j.destroy()
	j.drain()
}

// search returns the files of the node that are on a disk and have a text in
// them, and the processes of the machine that were started with it.
func (s suite) search(t *testing.T, text string) (found []string) {
	t.Helper()
	look := func(path string) {
		if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, []byte(text)) {
			found = append(found, path)
		}
	}
	if s.n.Dir == "" {
		t.Fatal("the node does not say where its files are")
	}
	err := filepath.WalkDir(s.n.Dir, func(path string, e fs.DirEntry, err error) error {
		var st unix.Statfs_t
		if err != nil || e.IsDir() && unix.Statfs(path, &st) == nil && st.Type == unix.TMPFS_MAGIC {
			return fs.SkipDir // gone, or memory
		}
		if e.Type().IsRegular() {
			look(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"environ", "cmdline"} {
		processes, _ := filepath.Glob("/proc/[0-9]*/" + name)
		for _, p := range processes {
			look(p)
		}
	}
	return found
}
