package interp

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pythons are the interpreters to test with: the one on the PATH and any that
// INTERP_PYTHONS lists.
func pythons(t testing.TB) []string {
	t.Helper()
	found := strings.Fields(os.Getenv("INTERP_PYTHONS"))
	if out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output(); err == nil {
		found = append(found, strings.TrimSpace(string(out)))
	}
	if len(found) == 0 {
		t.Skip("skipped: there is no python3 on this machine")
	}
	return found
}

type pythonCase struct {
	name string
	// code is for -c, or of main.py if there are args that begin with it.
	code  string
	args  []string
	env   []string
	stdin string
	usual bool // expected to be started again
}

const show = `
import sys, os
print(sys.argv, sys.path, sys.executable, sys.flags)
print(getattr(sys, "orig_argv", None), sorted(sys.modules), sys.warnoptions)
m = sys.modules["__main__"]
for k in sorted(vars(m)):
    print(k, type(vars(m)[k]), getattr(vars(m)[k], "__name__", None))
print(globals().get("__file__"), __name__, __spec__, __doc__, __package__, globals().get("__cached__", 0))
`

var pythonCases = []pythonCase{
	{name: "print", code: `print(1)`, args: []string{"a", "b c", "ü€😀", "", "-x", "\"\\\n\u2028"}},
	{name: "state", code: show, args: []string{"a"}},
	{name: "state of a file", code: show, args: []string{"main.py", "a"}},
	{name: "state of a file in a folder", code: show, args: []string{"./sub/../main.py"}},
	{name: "state of a link", code: show, args: []string{"sub/link.py"}},
	{name: "absolute path", code: show, args: []string{"$DIR/main.py", "x"}},
	{name: "frames", code: "import traceback, inspect, sys, warnings\ntraceback.print_stack()\nprint(sys._getframe().f_back, len(inspect.stack()))\nwarnings.warn('w', stacklevel=1)\nwarnings.warn('v', stacklevel=2)"},
	{name: "frames of a file", code: "import traceback, inspect, sys, warnings\ntraceback.print_stack()\nprint(sys._getframe().f_back, len(inspect.stack()))\nwarnings.warn('w')\nwarnings.warn('v', stacklevel=2)", args: []string{"main.py"}},
	{name: "environment", code: "import os, posix, subprocess\nprint(dict(os.environ), posix.environ, os.environb, os.getenv('Ä'))\nprint(subprocess.check_output(['/usr/bin/env']).decode())\nos.environ['X']='1'; os.unsetenv('A'); os.system('/usr/bin/env')", env: []string{"Z=1", "A=b=c", "Ä=ö€", "EMPTY=", "Q=\"'\\\n\t😀"}},
	{name: "environment of C", code: "import ctypes; c=ctypes.CDLL(None); c.getenv.restype=ctypes.c_char_p\nprint(c.getenv(b'A'), c.getenv(b'LD_PRELOAD'), c.getenv(b'PATH'))", env: []string{"A=1"}},
	{name: "streams", code: `
import sys
for s in sys.stdin, sys.stdout, sys.stderr:
    print(s, s.name, s.mode, s.encoding, s.errors, s.line_buffering, getattr(s, "write_through", 0), s.newlines, s.fileno(), s.isatty(), s.buffer, s.buffer.raw, s.buffer.raw.closefd)
print(sys.stdin is sys.__stdin__, sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__)`},
	{name: "input", code: "import sys; print(repr(sys.stdin.readline()), repr(input('? ')), repr(sys.stdin.buffer.read()))", stdin: "a\r\nb\rc\nd\xff"},
	{name: "input ends", code: "input()"},
	{name: "bad input", code: "import sys; print(ascii(sys.stdin.read()))", stdin: "\xff\xfe"},
	{name: "surrogates out", code: "import sys; print('\\udcff', file=sys.stderr); print('\\udcff')"},
	{name: "buffering", code: "import os, sys; sys.stdout.write('late '); sys.stderr.write('early'); os.write(1, b'first '); os.write(2, b'second')"},
	{name: "exception", code: "def f(): 1/0\nf()"},
	{name: "exception in a file", code: "def f():\n    1/0\ntry:\n    f()\nexcept Exception as e:\n    raise KeyError(1) from e", args: []string{"main.py"}},
	{name: "exception in an import", code: "import other", args: []string{"main.py"}},
	{name: "chained", code: "try:\n  1/0\nfinally:\n  {}[3]"},
	{name: "group and context", code: "import sys\nprint(sys.exc_info())\ne = ValueError('x')\nprint(e.__context__)\nraise e"},
	{name: "hook", code: "import sys\ndef h(t, v, tb):\n  import traceback\n  print(t, v, traceback.extract_tb(tb)); print(sys.last_type)\nsys.excepthook = h\n1/0"},
	{name: "bad hook", code: "import sys\ndef h(t, v, tb):\n  raise KeyError(1)\nsys.excepthook = h\n1/0"},
	{name: "hook exits", code: "import sys\nsys.excepthook = lambda *a: sys.exit(9)\n1/0"},
	{name: "last", code: "import sys, atexit\natexit.register(lambda: print(sys.last_type, sys.last_value, sys.last_traceback.tb_lineno))\n1/0"},
	{name: "exit", code: "import sys; sys.exit()"},
	{name: "exit 0", code: "raise SystemExit(0)"},
	{name: "exit 7", code: "import sys; print('x', end=''); sys.exit(7)"},
	{name: "exit 256+3", code: "import sys; sys.exit(259)"},
	{name: "exit -1", code: "import sys; sys.exit(-1)"},
	{name: "exit text", code: "import sys; sys.exit('bye €')"},
	{name: "exit tuple", code: "import sys; sys.exit((1, 2))"},
	{name: "exit of a class", code: "class E(SystemExit): pass\nraise E(4)"},
	{name: "exit builtin", code: "exit(6)"},
	{name: "_exit", code: "import os; print('lost'); os._exit(5)"},
	{name: "attribute error", code: "raise AttributeError('code')"},
	{name: "attribute error of an object", code: "object().x"},
	{name: "stop iteration", code: "raise StopIteration(3)"},
	{name: "generator exit", code: "raise GeneratorExit"},
	{name: "own base exception", code: "class B(BaseException): pass\nraise B('b')"},
	{name: "interrupt raised", code: "raise KeyboardInterrupt('k')"},
	{name: "interrupted", code: "import os, signal, time\nprint(signal.getsignal(signal.SIGINT))\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)"},
	{name: "interrupt caught", code: "import os, signal, time\ntry:\n  os.kill(os.getpid(), signal.SIGINT); time.sleep(5)\nexcept KeyboardInterrupt: print('caught')"},
	{name: "terminated", code: "import os, signal, time; os.kill(os.getpid(), 15); time.sleep(5)"},
	{name: "signals", code: "import signal, threading\nprint([(s, signal.getsignal(s)) for s in (2, 13, 15, 25)], threading.current_thread() is threading.main_thread())\nsignal.signal(signal.SIGUSR1, lambda *a: print('got', a[1].f_back))\nimport os; os.kill(os.getpid(), signal.SIGUSR1); print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"},
	{name: "broken pipe", code: "import os\nr, w = os.pipe(); os.close(r)\nos.write(w, b'x')"},
	{name: "broken stdout", code: "import os\nr, w = os.pipe(); os.close(r); os.dup2(w, 1)\nprint('x')"},
	{name: "stdout closed", code: "import sys; sys.stdout.close(); print(1)"},
	{name: "atexit", code: "import atexit, sys\natexit.register(print, 'last')\nprint('x'); sys.exit(3)"},
	{name: "thread", code: "import threading, time\ndef f():\n  time.sleep(.05); print('done', threading.main_thread().is_alive())\nthreading.Thread(target=f).start(); print('main')"},
	{name: "thread fails", code: "import threading\ndef f(): 1/0\nt = threading.Thread(target=f, name='t'); t.start(); t.join()"},
	{name: "daemon", code: "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start(); print(threading.active_count())"},
	{name: "destructors", code: "class A:\n  def __del__(self): print('del', self)\n  def __repr__(self): return 'A'\na = A()\nb = [a]; b.append(b)"},
	{name: "execv", code: "import os, sys; print('lost'); os.execv('/bin/sh', ['sh', '-c', 'echo $A $0; cat'])", env: []string{"A=1"}, stdin: "rest"},
	{name: "fork", code: "import os, sys\nprint('x'); sys.stdout.flush()\np = os.fork()\nif p == 0:\n  print('child'); sys.exit(3)\nprint(os.waitpid(p, 0)[1])"},
	{name: "fork fails in the child", code: "import os\np = os.fork()\nif p == 0: 1/0\nprint(os.waitpid(p, 0)[1])"},
	{name: "descriptors", code: "import os\nprint(sorted(f for f in os.listdir('/proc/self/fd')))\nprint(os.getcwd(), os.umask(0))"},
	{name: "import after", code: "import json, re, functools, operator, _json, io, gc, time, decimal\nprint(json.loads('[1, {\"a\": null}]'), functools.partial(int, '3')(), operator.methodcaller('upper')('a'), re.sub('a', 'b', 'a'), time.tzname, isinstance(gc.isenabled(), bool))"},
	{name: "import beside", code: "import other2; print(other2.__file__, other2.x)", args: []string{"main.py"}},
	{name: "import of the folder", code: "import other2; print(other2.__file__, other2.x)"},
	{name: "pickle and json of main", code: "import pickle, json\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A, A.__module__, A.__qualname__)"},
	{name: "multiprocessing", code: "import multiprocessing as m\ndef f(x): return x * 2\nif __name__ == '__main__':\n  with m.get_context('spawn').Pool(1) as p: print(p.map(f, [1, 2]))", args: []string{"main.py"}},
	{name: "subprocess of itself", code: "import subprocess, sys; print(subprocess.run([sys.executable, '-c', 'import sys; print(sys.argv, sys.path[0])', 'x'], capture_output=True))"},
	{name: "asyncio", code: "import asyncio\nasync def f():\n  await asyncio.sleep(.01); print('x'); raise ValueError\nasyncio.get_event_loop_policy().new_event_loop().run_until_complete(f())"},
	{name: "zone", code: "import time; print(time.tzname, time.localtime(0).tm_hour)", env: []string{"TZ=XYZ-3"}},
	{name: "old locale", code: "import sys, locale, os; print(sys.flags.utf8_mode, sys.stdout.errors, sys.getfilesystemencoding(), locale.setlocale(locale.LC_CTYPE), os.environ)", env: []string{"LC_ALL=C"}},
	{name: "locale", code: "import sys, locale, os; print(sys.flags.utf8_mode, sys.stdout.errors, sys.getfilesystemencoding(), locale.setlocale(locale.LC_CTYPE), os.environ)", env: []string{"LANG=C.UTF-8"}},
	{name: "unknown locale", code: "import sys, locale, os; print(sys.flags.utf8_mode, sys.stdout.errors, sys.getfilesystemencoding(), locale.setlocale(locale.LC_CTYPE), os.environ)", env: []string{"LANG=xx_YY.UTF-8"}},
	{name: "home", code: "import site, sys; print(sys.path, site.USER_BASE, site.USER_SITE, site.ENABLE_USER_SITE)", env: []string{"HOME=/nowhere"}},
	{name: "home with packages", code: "import site, sys; print(sys.path, site.USER_BASE, site.USER_SITE, site.ENABLE_USER_SITE)", env: []string{"HOME=$DIR"}, usual: true},
	{name: "syntax error", code: "x = = 1"},
	{name: "syntax error in a file", code: "print(1)\nx = (\n", args: []string{"main.py"}, usual: true},
	{name: "indentation", code: "  x = 1\n y = 2"},
	{name: "null", code: "print(1)\x00", args: []string{"main.py"}, usual: true},
	{name: "not UTF-8", code: "print('\xff')", args: []string{"main.py"}, usual: true},
	{name: "cookie", code: "# coding: latin-1\nprint(ascii('\xe4'))", args: []string{"main.py"}},
	{name: "cookie in the code", code: "# coding: latin-1\nprint(ascii('ä'))"},
	{name: "mark and returns", code: "\ufeffprint(1)\r\nprint('''a\r\nb''')", args: []string{"main.py"}},
	{name: "warning of the compiler", code: "print('\\d', 1 is 1)"},
	{name: "warning of the compiler in a file", code: "print('\\d')\nprint(1 is 1)\n", args: []string{"main.py"}},
	{name: "warning and error in a file", code: "print('\\d')\nprint(1 is 1)\nx = = 2", args: []string{"main.py"}, usual: true},
	{name: "missing file", args: []string{"none.py"}, usual: true},
	{name: "missing absolute", args: []string{"/none/none.py", "a"}, usual: true},
	{name: "folder", args: []string{"sub"}, usual: true},
	{name: "package", args: []string{"pack", "a"}, usual: true},
	{name: "device", args: []string{"/dev/stdin", "a"}, stdin: "import sys; print(sys.argv, sys.path[0])", usual: true},
	{name: "future", code: "from __future__ import annotations\ndef f(x: y): pass\nprint(f.__annotations__)"},
	{name: "annotations", code: "x: int = 1\nprint(__annotations__)", args: []string{"main.py"}},
	{name: "docstring", code: "'doc'\nprint(__doc__)", args: []string{"main.py"}},
	{name: "empty", code: ""},
	{name: "empty file", code: "", args: []string{"main.py"}},
	{name: "long", code: "x = '" + strings.Repeat("ä€", 20_000) + "'\nprint(len(x))"},
	{name: "many arguments", code: "import sys; print(len(sys.argv), len(''.join(sys.argv)))", args: strings.Fields(strings.Repeat(strings.Repeat("y", 100)+" ", 15_000))},
	{name: "much output", code: "import sys\nfor i in range(20000): print(i)\nsys.stderr.write('e' * 100000)"},
	{name: "recursion", code: "def f(): f()\ntry:\n  f()\nexcept RecursionError as e: print(e)"},
	{name: "setrecursion", code: "import sys; print(sys.getrecursionlimit(), sys.gettrace(), sys.getprofile(), sys.getswitchinterval())"},
	{name: "hooks", code: "import sys; print(sys.excepthook is sys.__excepthook__, sys.unraisablehook is sys.__unraisablehook__, sys.displayhook, hasattr(sys, 'last_value'), [getattr(h, '__name__', '') for h in sys.path_hooks + sys.meta_path])"},
}

// folder makes what the cases need.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"other.py": "def g():\n    raise OSError(2, 'no')\ng()\n", "other2.py": "x = 2\n", "sub/a": "", "pack/__main__.py": "import sys; print(sys.argv, sys.path[0])",
	} {
		put(t, filepath.Join(dir, name), text)
	}
	if err := os.Symlink("../main.py", filepath.Join(dir, "sub/link.py")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestPython runs every script in a parked python3 and in one started for it.
func TestPython(t *testing.T) {
	for _, exe := range pythons(t) {
		version, err := exec.Command(exe, "-c", "import sys; print('python%d.%d' % sys.version_info[:2])").Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range pythonCases {
			t.Run(filepath.Base(filepath.Dir(filepath.Dir(exe)))+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				dir := folder(t)
				if strings.HasPrefix(c.name, "home with") {
					put(t, filepath.Join(dir, ".local/lib", strings.TrimSpace(string(version)), "site-packages/x.py"), "")
				}
				args := []string{"-c", c.code}
				if len(c.args) > 0 && (c.usual && c.code == "" || strings.HasSuffix(c.args[0], ".py")) {
					args = nil
					put(t, filepath.Join(dir, "main.py"), c.code)
				}
				for _, a := range c.args {
					args = append(args, strings.ReplaceAll(a, "$DIR", dir))
				}
				base := []string{"PATH=" + filepath.Dir(exe) + ":/usr/bin:/bin"}
				env := base
				for _, e := range c.env {
					env = append(env[:len(env):len(env)], strings.ReplaceAll(e, "$DIR", dir))
				}
				equal(t, Python, exe, base, job{append([]string{"python3"}, args...), env, dir, c.stdin})
			})
		}
	}
}

// TestPythonSettings: variables that python3 reads at its start count if they
// were there when it was parked, and lead to another start if not.
func TestPythonSettings(t *testing.T) {
	cases := map[string]string{}
	for _, c := range pythonCases {
		cases[c.name] = c.code
	}
	for _, exe := range pythons(t) {
		path := "PATH=" + filepath.Dir(exe) + ":/usr/bin:/bin"
		set := []string{path, "PYTHONUNBUFFERED=1", "PYTHON_VERSION=3"}
		for _, name := range []string{"streams", "buffering", "state", "exception", "environment"} {
			for _, envs := range [][2][]string{{set, set}, {{path}, set}, {set, {path}}, {{path, "LANG=C.UTF-8"}, {path, "LC_ALL=C.UTF-8"}}} {
				equal(t, Python, exe, envs[0], job{[]string{"python3", "-c", cases[name]}, envs[1], "/", "a"})
			}
		}
	}
}
