package interp

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// each runs a test with every interpreter of this machine.
func each(t *testing.T, f func(t *testing.T, interpreter, exe string, env []string)) {
	t.Run(Python, func(t *testing.T) {
		for _, exe := range pythons(t) {
			f(t, Python, exe, []string{"PATH=" + filepath.Dir(exe) + ":/usr/bin:/bin"})
		}
	})
	t.Run(Node, func(t *testing.T) {
		exe := nodeHere(t)
		f(t, Node, exe, []string{"PATH=" + filepath.Dir(exe) + ":/usr/bin:/bin"})
	})
}

func nodeHere(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("node", "-p", "process.execPath").Output()
	if err != nil {
		t.Skipf("skipped: there is no node on this machine: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// TestInPlace: a script runs in the very process that was parked, whose command
// line the kernel still has. This is also what shows that the comparison which
// the other tests rest on finds a difference.
func TestInPlace(t *testing.T) {
	const code = "import sys; print('exec(__imp' + 'ort__' in open('/proc/self/cmdline').read())"
	for _, exe := range pythons(t) {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "main.py"), code)
		path := "PATH=" + filepath.Dir(exe) + ":/usr/bin:/bin"
		for _, j := range []job{
			{[]string{"python3", "-c", code}, []string{path}, dir, ""},
			{[]string{"python", "-c", code}, []string{path}, dir, ""},
			{[]string{exe, "-c", code, "a"}, []string{"A=1", path, "TZ=UTC"}, dir, ""},
			{[]string{"python3", "main.py"}, []string{path, "HOME=/no/such"}, dir, ""},
			{[]string{"python3", "./main.py", "-c"}, []string{"PATH=/no/such:" + filepath.Dir(exe)}, dir, ""},
		} {
			if _, err := os.Stat(filepath.Join(filepath.Dir(exe), j.argv[0])); err != nil && j.argv[0] != exe {
				continue
			}
			want, got := usual(t, exe, j), park(t, Python, exe, []string{path}).run(j)
			if got == want || got.stdout != "True\n" || want.stdout != "False\n" {
				t.Errorf("%q %q: %+v, not started ahead: %+v", j.argv, j.env, got, want)
			}
		}
	}
}

// TestNoRequest: an interpreter that nobody wants ends without a word.
func TestNoRequest(t *testing.T) {
	each(t, func(t *testing.T, interpreter, exe string, env []string) {
		s := park(t, interpreter, exe, env)
		s.bind()
		_ = s.control.Close()
		if err := s.cmd.Wait(); err != nil {
			t.Error(err)
		}
		for _, f := range []*os.File{s.stdout, s.stderr} {
			b := make([]byte, 100)
			if n, _ := f.Read(b); n > 0 {
				t.Errorf("it said %q", b[:n])
			}
		}
	})
}

// TestPieces: a request may come in any number of pieces.
func TestPieces(t *testing.T) {
	each(t, func(t *testing.T, interpreter, exe string, env []string) {
		argv := []string{"python3", "-c", "import sys; print(sys.argv[1], len(sys.argv[2]), sys.stdin.read())"}
		if interpreter == Node {
			argv = []string{"node", "-e", "console.log(process.argv[1], process.argv[2].length, fs.readFileSync(0, 'utf8'))"}
		}
		line, err := Request(append(argv, "€", strings.Repeat("a", 3<<20)), env, "/")
		if err != nil {
			t.Fatal(err)
		}
		s := park(t, interpreter, exe, env)
		s.bind()
		go func() {
			for i := range 40 { // within the text's first character too
				_, _ = s.control.Write(line[i*5 : i*5+5])
				time.Sleep(time.Millisecond)
			}
			_, _ = s.control.Write(line[200:])
			_, _ = s.stdin.WriteString("rest")
			_ = s.stdin.Close()
		}()
		b := make([]byte, 100)
		n, _ := s.stdout.Read(b)
		if want := "€ 3145728 rest\n"; string(b[:n]) != want {
			t.Errorf("it said %q, not %q", b[:n], want)
		}
	})
}

// TestFolderMissing: a working directory that is not there is told as such.
func TestFolderMissing(t *testing.T) {
	each(t, func(t *testing.T, interpreter, exe string, env []string) {
		e := park(t, interpreter, exe, env).run(job{[]string{interpreter, "x"}, env, "/no/such", ""})
		if e.status != 127 || e.stdout != "" || !strings.Contains(e.stderr, "working directory '/no/such'") {
			t.Errorf("%+v", e)
		}
	})
}

// TestNothingRemains looks for the request and the control pipe in what a script
// can reach, by the garbage collector too.
func TestNothingRemains(t *testing.T) {
	const code = `
import gc, os
for o in gc.get_objects():
    if isinstance(o, dict) and "argv" in o and "cwd" in o:
        print("dict", o)
    if type(o).__name__ == "frame" and "become" in o.f_code.co_name:
        print("frame", o)
print(sorted(os.listdir("/proc/self/fd")))
try:
    become
except NameError:
    print("ok")
`
	for _, exe := range pythons(t) {
		env := []string{"PATH=" + filepath.Dir(exe)}
		equal(t, Python, exe, env, job{[]string{"python3", "-c", code}, env, "/", ""})
	}
}

// firstByte measures from the request to the script's first byte. The median
// counts: the mean is mostly of what else this machine does.
func firstByte(b *testing.B, interpreter, exe string, argv []string) {
	env := []string{"PATH=" + filepath.Dir(exe) + ":/usr/bin:/bin", "HOME=/root", "A=1", "B=2", "C=3"}
	line, err := Request(argv, env, "/")
	if err != nil {
		b.Fatal(err)
	}
	var spent []time.Duration
	for b.Loop() {
		b.StopTimer()
		s := park(b, interpreter, exe, env)
		s.bind()
		b.StartTimer()
		began := time.Now()
		if _, err := s.control.Write(line); err != nil {
			b.Fatal(err)
		}
		if _, err := s.stdout.Read(make([]byte, 1)); err != nil {
			b.Fatal(err)
		}
		spent = append(spent, time.Since(began))
	}
	slices.Sort(spent)
	b.ReportMetric(float64(spent[len(spent)/2].Microseconds()), "µs-median")
	b.ReportMetric(float64(spent[0].Microseconds()), "µs-least")
}

func BenchmarkPython(b *testing.B) {
	firstByte(b, Python, pythons(b)[0], []string{"python3", "-c", "print(1, flush=True)"})
}

func BenchmarkNode(b *testing.B) {
	firstByte(b, Node, nodeHere(b), []string{"node", "-e", "fs.writeSync(1, 'x')"})
}

func BenchmarkNodeConsole(b *testing.B) {
	firstByte(b, Node, nodeHere(b), []string{"node", "-e", "console.log(1)"})
}
