package runtimetest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"glovebox"
)

// sealed looks around from inside a job.
func (s suite) sealed(t *testing.T) {
	s.powerless(t)
	s.surfaces(t)
	s.alone(t)
}

// probe runs a script in a sandbox and returns what it printed.
func (s suite) probe(t *testing.T, user, script string) string {
	t.Helper()
	spec := s.spec("sh", "-c", script)
	spec.User = user
	j, exit := s.run(t, spec, nil)
	if exit.Code != 0 {
		t.Errorf("%s: exit %+v, stderr %q", script, exit, j.stderr())
	}
	return strings.TrimSpace(j.stdout())
}

func (s suite) powerless(t *testing.T) {
	for _, user := range []string{"0:0", "1000:1000"} {
		s.check(t, "sealed/no power as "+user, func(t *testing.T) {
			status := s.probe(t, user, "cat /proc/self/status")
			for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
				if v, ok := field(status, set); ok && strings.Trim(v, "0") != "" || !ok && s.n.Runtime == glovebox.RuntimeRunc {
					t.Errorf("%s is %q", set, v)
				}
			}
			if v, ok := field(status, "NoNewPrivs"); ok && v != "1" {
				t.Errorf("NoNewPrivs is %q", v)
			}
			if v, _ := field(status, "Seccomp"); s.n.Runtime == glovebox.RuntimeRunc && v != "2" {
				t.Errorf("Seccomp is %q, want a filter", v)
			}
			for _, try := range []string{"mount -t tmpfs x /tmp", "mknod /tmp/d b 8 0", "hostname other", "chown 1:1 /etc/passwd",
				"echo 1 > /proc/sys/kernel/panic", "echo x > /sys/kernel/x", "cat /root/.profile /etc/shadow", "mkdir /sys/x"} {
				if out := s.probe(t, user, "if "+try+" 2>/dev/null; then echo done; fi"); out != "" {
					t.Errorf("it may: %s", try)
				}
			}
		})
	}
	s.check(t, "sealed/groups", func(t *testing.T) {
		if got, want := s.probe(t, "app", "id"), "uid=1000(app) gid=1000(app) groups=1000(app),2000(extra)"; got != want {
			// Whether the first group is listed again is the runtime's choice.
			if got != "uid=1000(app) gid=1000(app) groups=2000(extra)" {
				t.Errorf("id says %q, want %q", got, want)
			}
		}
	})
}

func (s suite) surfaces(t *testing.T) {
	s.check(t, "sealed/devices", func(t *testing.T) {
		got := strings.Fields(s.probe(t, "0:0", "ls /dev"))
		allowed := []string{"console", "core", "fd", "full", "fuse", "mqueue", "net", "null", "ptmx", "pts", "random", "shm",
			"stderr", "stdin", "stdout", "tty", "urandom", "zero"}
		for _, name := range got {
			if !slices.Contains(allowed, name) {
				t.Errorf("/dev/%s is there", name)
			}
		}
	})
	s.check(t, "sealed/network", func(t *testing.T) {
		got := s.probe(t, "0:0", "cat /proc/net/dev 2>/dev/null | tail -n +3 | cut -d: -f1; ls /sys/class/net 2>/dev/null; true")
		for _, name := range strings.Fields(got) {
			if name != "lo" {
				t.Errorf("interface %s is there", name)
			}
		}
	})
	s.check(t, "sealed/mounts", func(t *testing.T) {
		mounts := s.probe(t, "0:0", "cat /proc/mounts")
		for line := range strings.Lines(mounts) {
			f := strings.Fields(line)
			if len(f) < 4 {
				continue
			}
			if f[1] == "/sys" && !slices.Contains(strings.Split(f[3], ","), "ro") {
				t.Errorf("/sys is writable: %s", line)
			}
			if strings.HasPrefix(f[1], "/sys/fs/cgroup") {
				t.Errorf("control groups are visible: %s", line)
			}
			for _, word := range []string{"/var/", s.img.Digest[len("sha256:"):]} {
				if strings.HasPrefix(f[0], word) {
					t.Errorf("a path of the node shows: %s", line)
				}
			}
		}
	})
}

func (s suite) alone(t *testing.T) {
	s.check(t, "sealed/name and kernel", func(t *testing.T) {
		host, _ := os.Hostname()
		if got := s.probe(t, "0:0", "hostname"); got == host || !strings.HasPrefix(got, "test") {
			t.Errorf("hostname %q", got)
		}
		release, err := os.ReadFile("/proc/sys/kernel/osrelease")
		if err != nil {
			t.Fatal(err)
		}
		own := s.probe(t, "0:0", "uname -r") != strings.TrimSpace(string(release))
		if own != (s.n.Runtime == glovebox.RuntimeGVisor) {
			t.Errorf("a kernel of its own: %v", own)
		}
		if n := s.probe(t, "0:0", "ls /proc | grep -c '^[0-9]'"); len(n) > 1 {
			t.Errorf("%s processes are visible", n)
		}
	})
	s.check(t, "sealed/image stays as it is", func(t *testing.T) {
		s.probe(t, "0:0", "echo changed > /etc/passwd && rm /etc/group && mkdir /new")
		if got := s.probe(t, "0:0", "head -n 1 /etc/passwd; cat /etc/group | wc -l; ls / | grep -c new || true"); got != "root:x:0:0::/root:/bin/sh\n3\n0" {
			t.Errorf("the next job sees %q", got)
		}
	})
}

func field(status, name string) (string, bool) {
	for line := range strings.Lines(status) {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(v), true
		}
	}
	return "", false
}
