package seen

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/sys/unix"
)

func board(t testing.TB, full bool) (*os.File, *Writer) {
	t.Helper()
	f, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	w, err := Begin(int(f.Fd()), full)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(unsafeBytes(w.at)) })
	return f, w
}

func name(n uintptr) string { return fmt.Sprintf("call%d", n) }

func read(t testing.TB, f *os.File) *Report {
	t.Helper()
	r, err := Read(f, name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRoom(t *testing.T) {
	if n := start(classes); n != slots {
		t.Errorf("there are %d places, and room for %d", slots, n)
	}
	if Size > 128<<10 {
		t.Errorf("a board takes %d bytes", Size)
	}
}

// TestNotes: the same adds up, what is too much is counted, one class does not
// take the room of another.
func TestNotes(t *testing.T) {
	f, w := board(t, false)
	if r := read(t, f); len(r.Things) != 0 || r.Calls != nil {
		t.Errorf("%+v", r)
	}
	for i := range 1000 {
		w.Note(Connect, Mark{Number: unix.AF_INET, Type: unix.SOCK_STREAM, Port: uint16(i), Address: netip.MustParseAddr("10.1.2.3").As16()}, "")
	}
	var at Place
	for range 7 {
		at = w.Note(Exec, Mark{UID: 5, Errno: Pending}, "/bin/sh\x00sh")
	}
	w.Result(at, uint32(unix.EPERM))
	w.Result(0, 1)
	w.Result(100_000, 1)
	w.Forked(3)
	w.Forked(2)
	r := read(t, f)
	if len(r.Things) != room[Connect]+1 || r.Missed["connect"] != uint64(1000-room[Connect]) || r.Forks != 2 || r.TasksPeak != 3 || r.ForkBurst == 0 {
		t.Errorf("%d things, %+v", len(r.Things), r.Missed)
	}
	if x := r.Things[0]; x.Kind != "exec" || x.Count != 7 || x.Path != "/bin/sh" || x.Arg0 != "sh" || x.UID != 5 || x.Result != "EPERM" {
		t.Errorf("%+v", x)
	}
	if x := r.Things[1]; x.Address != "10.1.2.3:0" || x.Proto != "tcp" {
		t.Errorf("%+v", x)
	}
}

func TestCalls(t *testing.T) {
	f, w := board(t, true)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 1000 {
				w.Called(39)
				w.Called(1 << 40)
			}
		})
	}
	all.Wait()
	if r := read(t, f); len(r.Calls) != 1 || r.Calls["call39"] != 4000 {
		t.Errorf("%v", r.Calls)
	}
}

// TestReadWhileWritten has a reader and writers at once.
func TestReadWhileWritten(t *testing.T) {
	f, w := board(t, false)
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			for n := range 3000 {
				w.Note(Open, Mark{}, strings.Repeat(string(rune('a'+(n+i)%8)), 50))
			}
		})
	}
	for range 300 {
		for _, x := range read(t, f).Things {
			if len(x.Path) != 50 || strings.Trim(x.Path, x.Path[:1]) != "" || x.Count == 0 {
				t.Fatalf("%+v", x)
			}
		}
	}
	all.Wait()
}

// FuzzRead reads what only a compromised sentry would write.
func FuzzRead(f *testing.F) {
	f.Add([]byte("x"), uint32(1))
	f.Fuzz(func(t *testing.T, junk []byte, at uint32) {
		file, _ := board(t, true)
		if _, err := file.WriteAt(junk[:min(len(junk), Size)], int64(8+int(at)%(Size-8))%int64(Size-min(len(junk), Size)+1)); err != nil && len(junk) > 0 {
			t.Skip()
		}
		r, err := Read(file, name)
		if err != nil {
			return
		}
		if len(r.Things) > slots {
			t.Errorf("%d things", len(r.Things))
		}
		for _, x := range r.Things {
			for _, text := range []string{x.Path, x.Arg0, x.Detail, x.Address, x.Proto, x.Result, x.Call} {
				if len(text) > 10*textBytes || !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\n\x1b") {
					t.Errorf("%q", text)
				}
			}
		}
		if _, err := json.Marshal(r); err != nil {
			t.Errorf("it cannot be written: %v", err)
		}
	})
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"/bin/sh": "/bin/sh", "": "", "a b": "a b", "grün": "grün", "\x1b[0m": `\x1b[0m`, "a\nb\tc": `a\nb\tc`,
		"\xff\xfe": `\xff\xfe`, `a\b`: `a\\b`, "\u202e": `\u202e`, "\x00": `\x00`, "'": "'", "�": "�",
	} {
		if got := Printable([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestDestination(t *testing.T) {
	for text, want := range map[string]Class{
		"169.254.169.254:80": Metadata, "[::ffff:169.254.169.254]:80": Metadata, "[64:ff9b::a9fe:a9fe]:80": Metadata,
		"[2002:a9fe:a9fe::1]:80": Metadata, "[::169.254.169.254]:80": Metadata, "[fd00:ec2::254]:80": Metadata, "169.254.170.2:80": Metadata,
		"100.100.100.200:80": Metadata, "100.100.100.201:80": Connect, "9.9.9.9:53": DNS, "1.1.1.1:853": DNS,
		"9.9.9.9:3333": Pool, "127.0.0.1:3333": Connect, "[::1]:80": Connect, "93.184.216.34:443": Connect,
	} {
		if got := Destination(netip.MustParseAddrPort(text)); got != want {
			t.Errorf("%s is %s, want %s", text, kindNames[got], kindNames[want])
		}
	}
}

func TestSensitive(t *testing.T) {
	for path, want := range map[string]bool{
		"/proc/kcore": true, "/dev/mem": true, "/proc/self/mem": false, "/sys/fs/cgroup/x/release_agent": true, "release_agent": true,
		"/var/run/docker.sock": true, "/run/secrets/kubernetes.io/serviceaccount/token": true, "/home/me/token": false,
		"/proc/sys/kernel/core_pattern": false, "/etc/passwd": false, "": false, "/": false, "/sbin/modprobe": false,
	} {
		if got := Sensitive([]byte(path), false); got != want {
			t.Errorf("%q: %v", path, got)
		}
	}
	if !Sensitive([]byte("/proc/sys/kernel/core_pattern"), true) || Sensitive([]byte("/sbin/modprobe"), true) {
		t.Error("writing does not count as it should")
	}
}

func TestProgram(t *testing.T) {
	for _, c := range []struct {
		path string
		argv []string
		want Class
	}{
		{"/usr/bin/python3", []string{"python3", "-c", "pass"}, Exec},
		{"/tmp/x/XMRig-6", nil, Miner},
		{"/tmp/a", []string{"kdevtmpfsi"}, Miner},
		{"/tmp/a", []string{"a", "-o", "stratum+ssl://pool:443"}, Miner},
		{"/tmp/a", append(make([]string, 100), "stratum+tcp://"), Exec}, // beyond what is looked at
		{"", nil, Exec},
	} {
		if got := Program(c.path, c.argv); got != c.want {
			t.Errorf("%q %q is %s", c.path, c.argv, kindNames[got])
		}
	}
}

func unsafeBytes(at *layout) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(at)), Size) }
