# What a parked python3 runs: it gets ready, waits for the request and becomes
# the job's script. It runs in a namespace of its own, so that __main__ stays
# as the interpreter made it, and forgets every module it loads for itself.
import sys
if sys.version_info < (3, 8):
    sys.exit(1)  # too much is different there
if sys.version_info >= (3, 13) and list(sys.modules)[-1] == "linecache":
    del sys.modules["linecache"]  # loaded for -c
known = set(sys.modules)
del sys.path[0]  # the job's: nothing of ours may be loaded from there
import posix, os, io, gc, time
from _functools import partial
from _operator import methodcaller
try:
    from _json import make_scanner
except ImportError:
    make_scanner = None


class Settings:
    strict = False
    object_hook = object_pairs_hook = None
    parse_float = parse_int = parse_constant = None
    memo = {}


if make_scanner is not None:
    parse = make_scanner(Settings)
else:
    import json
    parse = json.JSONDecoder().scan_once
if sys.version_info >= (3, 13):
    import linecache


# The script has to run with no frame of ours beneath, or tracebacks, warnings
# and inspect would show it. So the code below raises a Script, and the script
# runs once all frames are unwound, called by C alone:
#   the interpreter prints an uncaught SystemExit and asks for its .code
#   -> property -> methodcaller -> TextIOWrapper.close of the Runner
#   -> its .flush, which is exec(script, __main__.__dict__)
#   -> its .buffer.close, which raises Done; what the script raised is attached
#     to that as its context
#   -> Script.__getattr__, as Done is an AttributeError, whose answer is the code.
class Done(AttributeError):
    pass


class Buffer:
    closed = False

    def readable(self):
        return False

    def writable(self):
        return True

    def seekable(self):
        return False

    def flush(self):
        pass

    def close(self):
        self.closed = True  # the Runner closes once more when it is freed
        raise self.done


class Runner(io.TextIOWrapper):
    pass


class Script(SystemExit):
    code = property(methodcaller("close"))

    def __getattr__(self, name):
        done = self.done
        raised, done.__context__, done.__traceback__ = done.__context__, None, None
        if isinstance(raised, SystemExit):
            return raised.code
        return raised and uncaught(raised)


# uncaught does what the interpreter does with an uncaught exception, and
# returns the exit status.
def uncaught(e):
    sys.last_type, sys.last_value, sys.last_traceback = type(e), e, e.__traceback__
    if sys.version_info >= (3, 12):
        sys.last_exc = e
    hook = getattr(sys, "excepthook", None)
    show = sys.__excepthook__
    try:
        if hook is None:
            sys.stderr.write("sys.excepthook is missing\n")
            hook = show
        hook(type(e), e, e.__traceback__)
    except SystemExit as stop:
        return stop.code
    except BaseException as e2:
        e2.__context__ = None
        sys.stderr.write("Error in sys.excepthook:\n")
        if e2.__traceback__ is not None:
            e2.__traceback__ = e2.__traceback__.tb_next  # without this frame
        show(type(e2), e2, e2.__traceback__)
        sys.stderr.write("\nOriginal exception was:\n")
        show(type(e), e, e.__traceback__)
    if type(e) is KeyboardInterrupt:
        return 130
    return 1


# which finds the command as execvp does.
def which(name, path):
    if "/" in name:
        return name
    for folder in path.split(":"):
        file = folder + "/" + name
        if posix.access(file, posix.X_OK):
            return file
    return name


# locale_of is the locale that the interpreter decides its encodings by. An
# empty name is the old one of C, which it replaces by UTF-8.
def locale_of(env):
    name = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    return "" if name in ("C", "POSIX") else name


parked = dict(os.environ)
# The interpreter adds LC_CTYPE itself when it replaces the old locale.
coerced = getattr(sys.flags, "utf8_mode", 0) and parked.get("LC_CTYPE")
parked_locale = "" if coerced else locale_of(parked)
executable = sys.executable
paths = {n: which(n, parked.get("PATH", "")) for n in ("python3", "python")}


# same says whether this process is what argv[0] would have become with env,
# and puts right what is easily put right.
def same(name, env):
    if locale_of(env) != parked_locale or ("LC_ALL" in env) != ("LC_ALL" in parked):
        return False
    if any(n.startswith("PYTHON") and env.get(n) != parked.get(n) for n in env.keys() | parked.keys()):
        return False
    if env.get("HOME") != parked.get("HOME") and "site" in sys.modules:
        site = sys.modules["site"]
        before, site.USER_BASE, site.USER_SITE = site.USER_SITE, None, None
        if before in sys.path or site.ENABLE_USER_SITE and os.path.isdir(site.getusersitepackages()):
            return False
    file = env.get("PATH") == parked.get("PATH") and paths.get(name) or which(name, env.get("PATH", ""))
    if file != executable:
        # Another name in the same folder finds the same prefix.
        if file.rpartition("/")[0] != executable.rpartition("/")[0]:
            return False
        if not file.startswith("/") or not os.path.exists(file) or not os.path.samefile(file, executable):
            return False
        sys.executable = file
        if getattr(sys, "_base_executable", None) == executable:
            sys._base_executable = file
    return True


# again starts the interpreter the usual way, in this process. It is for what
# is rare or an error, where nothing can be gained.
def again(argv, env):
    try:
        os.execvpe(argv[0], argv, env)
    except OSError as e:
        fail("cannot execute %r: %s" % (argv[0], e.strerror))


def fail(message):
    posix.write(2, (message + "\n").encode("utf-8", "surrogateescape"))
    posix._exit(127)


# set_environ makes env the environment, in C's eyes too.
def set_environ(env):
    for name in list(os.environ):
        del os.environ[name]
    for name in env:
        os.environ[name] = env[name]
    if coerced and "LC_ALL" not in env:
        os.environ["LC_CTYPE"] = coerced
    if env.get("TZ") != parked.get("TZ"):
        time.tzset()


# stream is standard input, output or error as the interpreter makes it.
def stream(fd, name, old, writes):
    try:
        posix.fstat(fd)
    except OSError:
        return None
    through = isinstance(old.buffer, io.FileIO)  # PYTHONUNBUFFERED
    buf = open(fd, "wb" if writes else "rb", 0 if through else -1, closefd=False)
    raw = buf if through else buf.raw
    raw.name = name
    lines = not through and (raw.isatty() or fd == 2 and sys.version_info >= (3, 9))
    s = io.TextIOWrapper(buf, old.encoding, old.errors, "\n", lines, old.write_through)
    s.mode = "w" if writes else "r"
    return s


def set_streams():
    sys.stdin = sys.__stdin__ = stream(0, "<stdin>", sys.stdin, False)
    sys.stdout = sys.__stdout__ = stream(1, "<stdout>", sys.stdout, True)
    sys.stderr = sys.__stderr__ = stream(2, "<stderr>", sys.stderr, True)


# compiled is source as code, and what the compiler warns of: that is for the
# job's stderr, and only if nobody compiles the source again.
def compiled(source, name):
    old, sys.stderr = sys.stderr, io.StringIO()
    try:
        code = compile(source, name, "exec", dont_inherit=True)
        return code, sys.stderr.getvalue()
    except Exception:
        return None, ""
    finally:
        sys.stderr = old


# command is what to execute for -c.
def command(text):
    if sys.version_info < (3, 10):
        return text.encode("utf-8"), ""  # the encoding that it declares counts
    if sys.version_info < (3, 13):
        return text, ""
    code, warned = compiled(text, "<string>")
    # Tracebacks show its lines.
    sys.modules["linecache"] = linecache
    if code is None or not hasattr(linecache, "_interactive_cache"):
        linecache._register_code("<string>", text, "<string>")
    else:
        linecache._register_code(code, text, "<string>")
    return code or text, warned


# script is what to execute for a file, or None if that is no plain script.
def script(name):
    try:
        if not os.path.isfile(name):
            return None, ""
        with open(name, "rb", 0) as f:
            text = f.readall()
    except OSError:
        return None, ""
    if name.endswith(".pyc") or b"\0" in text or text.rfind(b"PK\5\6", -65557) >= 0:
        return None, ""
    return compiled(text, name)


# set_file makes __main__ that of a file.
def set_file(main, path):
    sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    main["__file__"] = path
    main["__cached__"] = None
    external = sys.modules.get("_frozen_importlib_external")
    if external is not None:
        main["__loader__"] = external.SourceFileLoader("__main__", path)


def become(line):
    request = parse(line.decode("utf-8"), 0)[0]
    argv, env, cwd = request["argv"], request["env"], request["cwd"]
    try:
        posix.chdir(cwd)
    except OSError as e:
        fail("cannot use the working directory %r: %s" % (cwd, e.strerror))
    set_environ(env)
    if not same(argv[0], env):
        again(argv, env)
    main = sys.modules["__main__"].__dict__
    if argv[1] == "-c":
        if sys.version_info >= (3, 14) and argv[2][:1].isspace():
            again(argv, env)  # it removes indentation
        code, warned = command(argv[2])
        rest = ["-c"] + argv[3:]
        sys.path.insert(0, "")
    else:
        rest = argv[1:]
        path = argv[1]
        if sys.version_info >= (3, 9) and not path.startswith("/"):
            path = posix.getcwd().rstrip("/") + "/" + path
        code, warned = script(path)
        if code is None:
            again(argv, env)
        set_file(main, path)
    sys.argv = rest
    if hasattr(sys, "orig_argv"):
        sys.orig_argv = argv
    set_streams()
    if warned:
        sys.stderr.write(warned)
    buf = Buffer()
    buf.done = Done()
    run = Runner(buf, "utf-8")
    run.flush = partial(exec, code, main)
    s = Script()
    s.close, s.done = run.close, buf.done
    return s


def wait():
    # Descriptor 0 becomes the job's at some time while we wait; a request can
    # be longer than one read.
    control = posix.dup(0)
    # The first time is the slow one: caches, pages, code that specialises.
    parse('{"argv": ["a"], "env": {}}', 0)
    set_environ(dict(parked))
    for _ in range(3):
        set_streams()
    exec("def f(x):\n    return [x, str(x)]\nf(1)", {})
    for name in list(sys.modules):
        if name not in known:
            del sys.modules[name]
    gc.collect()
    posix.write(1, b"ready\n")
    pieces = []
    while not pieces or not pieces[-1].endswith(b"\n"):
        piece = posix.read(control, 1 << 20)
        if not piece:
            posix._exit(0)
        pieces.append(piece)
    posix.close(control)
    return b"".join(pieces)


raise become(wait())
