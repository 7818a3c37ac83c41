package instance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"glovebox"
)

// tempHost is a machine whose users are those of the given passwd lines.
func tempHost(t *testing.T, passwd ...string) Host {
	t.Helper()
	dir := t.TempDir()
	h := Host{Passwd: filepath.Join(dir, "passwd"), Systemd: filepath.Join(dir, "systemd"), Claims: filepath.Join(dir, "claims")}
	if err := os.WriteFile(h.Passwd, []byte(strings.Join(passwd, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	return h
}

// short makes a folder whose path leaves room for sockets, unlike t.TempDir's.
func short(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // control's user passes through it
		t.Fatal(err)
	}
	return dir
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

func mustOpen(t *testing.T, dir string, h Host) *Instance {
	t.Helper()
	i, err := Open(Layout{Dir: dir}, h, "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	return i
}

func wantKind(t *testing.T, err error, k glovebox.Kind, text string) {
	t.Helper()
	if glovebox.KindOf(err) != k || !strings.Contains(err.Error(), text) {
		t.Fatalf("got %v (%s), want %s with %q", err, glovebox.KindOf(err), k, text)
	}
}

func owner(t *testing.T, path string) (uid int, mode os.FileMode) {
	t.Helper()
	st, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return int(st.Sys().(*syscall.Stat_t).Uid), st.Mode().Perm()
}

func TestFind(t *testing.T) {
	env := func(v string) func(string) string { return func(string) string { return v } }
	l, err := Find("", env(""))
	if err != nil || l.Dir != DefaultDir || l.API() != "/var/lib/glovebox/run/api.sock" {
		t.Fatal(l, err)
	}
	if l, _ = Find("", env("/x/../y")); l.Dir != "/y" {
		t.Fatal(l)
	}
	wd, _ := os.Getwd()
	if l, _ = Find("d", env("/x")); l.Dir != filepath.Join(wd, "d") {
		t.Fatal(l)
	}
	_, err = Find("/"+strings.Repeat("a", maxDir), env(""))
	wantKind(t, err, glovebox.KindInvalid, "--data: ")
	_, err = Find("", env("/"+strings.Repeat("a", maxDir)))
	wantKind(t, err, glovebox.KindInvalid, EnvDir+": ")
}

func TestOpenMakesAndKeeps(t *testing.T) {
	needRoot(t)
	dir, h := filepath.Join(short(t), "new", "data"), tempHost(t)
	i := mustOpen(t, dir, h)
	if i.ControlUID < firstUID || i.ControlUID > lastUID || len(i.ID) != 8 {
		t.Fatalf("%+v", i.Record)
	}
	for path, want := range map[string]struct {
		uid  int
		mode os.FileMode
	}{
		i.Dir: {0, 0o755}, i.Run(): {0, 0o755}, i.Control(): {i.ControlUID, 0o700},
		i.Blobs(): {i.ControlUID, 0o700}, i.Agent(): {0, 0o700}, i.Lock(): {0, 0o600}, i.Layout.Record(): {0, 0o644},
	} {
		if uid, mode := owner(t, path); uid != want.uid || mode != want.mode {
			t.Errorf("%s: uid %d mode %o", path, uid, mode)
		}
	}
	first := i.Record
	i.Close()

	// Wrong modes are put right, leftovers of control go, the record stays.
	os.Chmod(i.Agent(), 0o777)
	os.WriteFile(filepath.Join(i.Tmp(), "x"), nil, 0o600)
	again := mustOpen(t, dir, h)
	if again.Record != first {
		t.Fatalf("%+v became %+v", first, again.Record)
	}
	if _, mode := owner(t, i.Agent()); mode != 0o700 {
		t.Errorf("agent: %o", mode)
	}
	if _, err := os.Stat(filepath.Join(i.Tmp(), "x")); err == nil {
		t.Error("tmp was not emptied")
	}
}

func TestSecondIsRefused(t *testing.T) {
	needRoot(t)
	dir, h := short(t), tempHost(t)
	if _, running, err := Running(Layout{Dir: dir}); running || err != nil {
		t.Fatal(running, err)
	}
	i := mustOpen(t, dir, h)
	_, err := Open(i.Layout, h, "test")
	wantKind(t, err, glovebox.KindInUse, "with pid "+itoa(os.Getpid()))
	if pid, running, _ := Running(i.Layout); !running || pid != itoa(os.Getpid()) {
		t.Fatal(pid, running)
	}
	i.Close()
	if _, running, _ := Running(i.Layout); running {
		t.Fatal("still running")
	}
	mustOpen(t, dir, h)
}

// A killed service leaves nothing that stands in the way of the next one.
func TestLockDiesWithItsProcess(t *testing.T) {
	needRoot(t)
	if os.Getenv("HOLD") != "" {
		i, err := Open(Layout{Dir: os.Getenv("HOLD")}, ThisHost(), "test")
		if err != nil {
			t.Fatal(err)
		}
		defer i.Close()
		time.Sleep(time.Minute)
	}
	dir := short(t)
	cmd := exec.Command(os.Args[0], "-test.run=TestLockDies")
	cmd.Env = append(os.Environ(), "HOLD="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, running, _ := Running(Layout{Dir: dir}); running {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the other never took the lock")
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	mustOpen(t, dir, tempHost(t))
}

func TestRefusals(t *testing.T) {
	needRoot(t)
	h := tempHost(t)
	open := func(dir string) error {
		_, err := Open(Layout{Dir: dir}, h, "test")
		return err
	}
	base := short(t)
	at := func(name string) string { return filepath.Join(base, name) }

	os.Mkdir(at("foreign"), 0o755)
	os.Chown(at("foreign"), 1234, 1234)
	wantKind(t, open(at("foreign")), glovebox.KindDenied, "belongs to uid 1234")

	os.Symlink(base, at("link"))
	wantKind(t, open(at("link")), glovebox.KindDenied, "") // not ours inside, and not a folder

	os.Mkdir(at("empty"), 0o755)
	os.Symlink(at("empty"), at("link2"))
	wantKind(t, open(at("link2")), glovebox.KindDenied, "not a real folder")

	os.Mkdir(at("full"), 0o755)
	os.WriteFile(filepath.Join(at("full"), "thesis.txt"), nil, 0o644)
	wantKind(t, open(at("full")), glovebox.KindDenied, "holds other things")
	os.MkdirAll(filepath.Join(at("disk"), "lost+found"), 0o700) // the root of a new ext4
	mustOpen(t, at("disk"), h).Close()

	os.Mkdir(at("open"), 0o755)
	os.Chmod(at("open"), 0o777)
	wantKind(t, open(filepath.Join(at("open"), "data")), glovebox.KindDenied, "changed by anybody")

	os.Mkdir(at("private"), 0o700)
	inside := filepath.Join(at("private"), "a", "data")
	wantKind(t, open(inside), glovebox.KindDenied, "/private does not let control's user")
	if _, err := os.Stat(filepath.Dir(inside)); err == nil {
		t.Fatal("its parent was made all the same")
	}
	os.Symlink(base, filepath.Join(at("private"), "out")) // what counts is where it leads
	mustOpen(t, filepath.Join(at("private"), "out", "data"), h).Close()

	// What control may have bent while it ran does not lead root astray.
	i := mustOpen(t, at("mine"), h)
	i.Close()
	os.Remove(i.Blobs())
	os.Symlink("/etc", i.Blobs())
	wantKind(t, open(at("mine")), glovebox.KindDenied, "not a real folder")

	// The garbled record of an instance is not replaced by a fresh one.
	os.WriteFile(i.Layout.Record(), []byte("{}"), 0o644)
	wantKind(t, open(at("mine")), glovebox.KindInternal, "makes no sense")
}
