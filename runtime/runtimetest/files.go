package runtimetest

import "testing"

// applets are the commands of busybox that the suite uses.
var applets = []string{"sh", "echo", "cat", "pwd", "env", "sleep", "head", "tr", "id", "dd", "ls", "mkdir", "touch",
	"true", "false", "wc", "seq", "uname", "hostname", "mount", "mknod", "chmod", "stat", "grep", "sort", "kill", "rm",
	"readlink", "setsid", "nohup", "ps", "yes", "tail", "test", "[", "df", "cut", "date", "ulimit", "ln", "chown", "awk"}

// leaveScript leaves under /out what it is told.
const leaveScript = `#!/bin/sh
cd /out || exit 1
for x; do
	case $x in
	*=*) n=${x%%=*}; case $n in */*) mkdir -p "${n%/*}";; esac; printf %s "${x#*=}" >"$n";;
	*/) mkdir -p "$x";;
	*@) ln -s nowhere "$x";;
	wait) exec stubborn;;
	esac
done
`

// base is the bottom layer: busybox, the suite's vocabulary, accounts, and
// files that are hard to start.
func base(t testing.TB) []File {
	files := []File{
		{Name: "bin/", Mode: 0o755}, {Name: "etc/", Mode: 0o755}, {Name: "proc/", Mode: 0o755}, {Name: "sys/", Mode: 0o755},
		{Name: "dev/", Mode: 0o755}, {Name: "root/", Mode: 0o700}, {Name: "tmp/", Mode: 0o1777},
		{Name: "home/", Mode: 0o755}, {Name: "home/app/", Mode: 0o755, UID: 1000, GID: 1000},
		{Name: "etc/passwd", Mode: 0o644, Body: "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n" +
			"huge:x:4294967295:4294967295::/:/bin/sh\n"},
		{Name: "etc/group", Mode: 0o644, Body: "root:x:0:\napp:x:1000:\nextra:x:2000:app\n"},
		{Name: "bin/busybox", Mode: 0o755, Body: busybox(t)},

		{Name: "bin/exit", Mode: 0o755, Body: "#!/bin/sh\nexit $1\n"},
		{Name: "bin/spew", Mode: 0o755, Body: "#!/bin/sh\nhead -c $1 /dev/zero | tr '\\0' x\n"},
		{Name: "bin/oom", Mode: 0o755, Body: "#!/bin/sh\nexec awk 'BEGIN { s = \"xxxxxxxxxxxxxxxx\"; while (1) s = s s }'\n"},
		{Name: "bin/stubborn", Mode: 0o755, Body: "#!/bin/sh\ntrap '' TERM INT HUP\necho ready\nwhile :; do sleep 1; done\n"},
		{Name: "bin/polite", Mode: 0o755, Body: "#!/bin/sh\ntrap 'echo bye; exit 3' TERM\necho ready\nwhile :; do sleep 0.05; done\n"},

		{Name: "bin/leave", Mode: 0o755, Body: leaveScript},
		{Name: "bin/probe", Mode: 0o755, Body: "#!/bin/sh\nexec 2>/dev/null\nbusybox nc -w 1 169.254.169.254 80 </dev/null\n" +
			"busybox ping -c 1 -W 1 10.0.0.1\nmount -t tmpfs x /tmp\necho probed\n"},

		{Name: "bin/absolute", Link: "/bin/exit"},
		{Name: "bin/plain", Mode: 0o644, Body: "#!/bin/sh\n"},
		{Name: "bin/garbage", Mode: 0o755, Body: "just words\n"},
		{Name: "bin/orphan", Mode: 0o755, Body: "#!/no/such/interpreter\n"},
		{Name: "bin/private", Mode: 0o700, Body: "#!/bin/sh\n", UID: 0},
		{Name: "bin/folder/", Mode: 0o755},
		{Name: "bin/foreign", Mode: 0o755, Body: foreignProgram()},
		{Name: "trick", Link: "/proc/self/fd"},
		{Name: "escape", Link: "../../../../../../etc"},
	}
	for _, a := range applets {
		files = append(files, File{Name: "bin/" + a, Link: "busybox"})
	}
	return files
}

// foreignProgram is the head of an ELF file for a machine nobody has.
func foreignProgram() string {
	b := make([]byte, 128)
	copy(b, "\x7fELF\x02\x01\x01")
	b[16], b[18] = 2, 0xf7
	return string(b)
}
