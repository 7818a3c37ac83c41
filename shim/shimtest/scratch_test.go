package shimtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// sh is a job of one shell script with a scratch layer of 32 MB and 300 inodes.
func sh(script string) Job {
	return Job{Args: []string{"/bin/sh", "-c", script}, ScratchSize: 32 << 20, Inodes: 300, Memory: 512 << 20}
}

// ended runs a job to its end and says how long its command took.
func (s *Shim) ended(t *testing.T, j Job) (k *Task, status uint32, took time.Duration) {
	t.Helper()
	k = s.NewTask(t, j)
	k.Create(t)
	began := time.Now()
	k.Start(t)
	status = k.Wait(t)
	took = time.Since(began)
	t.Logf("status %d after %v, report %v", status, took, k.Report(t))
	k.Delete(t)
	return k, status, took
}

// Every way to use up the layer ends the job, which would otherwise wait, and
// names what there was too little of.
func TestFullScratchEndsTheJob(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	const inodes = `i=0; while [ $i -lt 400 ]; do echo >$D/f$i; i=$((i+1)); done; sleep 60`
	for name, c := range map[string]struct {
		script, full string
	}{
		"root":         {`dd if=/dev/zero of=/big bs=1M count=64; sleep 60`, "bytes"},
		"tmp":          {`dd if=/dev/zero of=/tmp/big bs=1M count=64; sleep 60`, "bytes"},
		"sum":          {`dd if=/dev/zero of=/big bs=1M count=20; dd if=/dev/zero of=/tmp/big bs=1M count=20; sleep 60`, "bytes"},
		"exact":        {`dd if=/dev/zero of=/big bs=1M count=32; sleep 60`, "bytes"},
		"mapped":       {`/guest mapped 64; sleep 60`, "bytes"},
		"one task":     {`exec /guest mapped 64`, "bytes"},
		"root inodes":  {`D=/; ` + inodes, "inodes"},
		"tmp inodes":   {`D=/tmp; ` + inodes, "inodes"},
		"directories":  {`i=0; while [ $i -lt 400 ]; do mkdir /d$i; i=$((i+1)); done; sleep 60`, "inodes"},
		"in a new tmp": {`cd /tmp && mkdir a && cd a && dd if=/dev/zero of=x bs=1M count=64; sleep 60`, "bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			k, status, took := s.ended(t, sh(c.script))
			r := k.Report(t)
			if r["scratchFull"] != c.full || r["killed"] != true || status != 137 || number(t, k, "oomKills") != 0 {
				t.Errorf("status %d, report %v", status, r)
			}
			if took > 20*time.Second {
				t.Errorf("ended after %v only", took)
			}
		})
	}
}

// A job that meets a cap and ends at once by itself has met it all the same,
// even if it has made room again.
func TestQuickFillerIsReported(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	for script, full := range map[string]string{
		`exec dd if=/dev/zero of=/tmp/big bs=1M count=64`:                                             "bytes",
		`exec /guest fillfree 64`:                                                                     "bytes",
		`i=0; while [ $i -lt 400 ]; do : >/tmp/f$i || exit 9; i=$((i+1)); done`:                       "inodes",
		`i=0; while : >/tmp/f$i; do i=$((i+1)); done 2>/dev/null; exit 0`:                             "inodes",
		`dd if=/dev/zero of=/big bs=1M count=64 2>/dev/null; rm /big; exit 0`:                         "bytes",
		`dd if=/dev/zero of=/tmp/a bs=1M count=16; exec dd if=/dev/zero of=/b bs=1M count=64; exit 0`: "bytes",
	} {
		k, status, _ := s.ended(t, sh(script))
		if r := k.Report(t); r["scratchFull"] != full {
			t.Errorf("%s: status %d, report %v", script, status, r)
		}
	}
}

// Using most of the allowance is using it.
func TestNearlyFullScratchIsFine(t *testing.T) {
	s := StartShim(t)
	for _, script := range []string{
		`dd if=/dev/zero of=/big bs=1M count=28`,
		`dd if=/dev/zero of=/tmp/big bs=1M count=28`,
		`dd if=/dev/zero of=/a bs=1M count=14; dd if=/dev/zero of=/tmp/b bs=1M count=14`,
		`i=0; while [ $i -lt 270 ]; do : >/f$i || exit 9; i=$((i+1)); done`,
		`i=0; while [ $i -lt 270 ]; do : >/tmp/f$i || exit 9; i=$((i+1)); done`,
		// A cap on what is held, not on what was ever written.
		`for i in 1 2 3; do dd if=/dev/zero of=/tmp/x bs=1M count=28; rm /tmp/x; done`,
	} {
		k, status, _ := s.ended(t, sh(script+`; sleep 0.6; exit 5`))
		if r := k.Report(t); status != 5 || r["scratchFull"] != nil || r["killed"] != nil {
			t.Errorf("%s: status %d, report %v", script, status, r)
		}
	}
}

// A mount of a size of its own that is full is no matter of the scratch layer.
func TestFullTmpfsIsNotFullScratch(t *testing.T) {
	s := StartShim(t)
	j := sh(`dd if=/dev/zero of=/mnt/big bs=1M count=16 2>/dev/null; sleep 0.6; exit 5`)
	j.Mounts = []map[string]any{{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": []string{"size=4m"}}}
	k, status, _ := s.ended(t, j)
	if r := k.Report(t); status != 5 || r["scratchFull"] != nil {
		t.Errorf("status %d, report %v", status, r)
	}
}

// Whatever the image has at /tmp, the job finds a directory it can use; and one
// that is not there or not for everybody changes nothing else.
func TestTmp(t *testing.T) {
	const look = `ls -ld /tmp; ls -a /tmp | wc -l; echo x >/tmp/x && cat /tmp/x && ls -ld / | head -c 10`
	const empty = "drwxrwxrwt 0 0 2 x drwxr-xr-x"
	for name, c := range map[string]struct {
		change func(tmp string) error
		want   string
	}{
		"empty":       {func(string) error { return nil }, empty},
		"missing":     {os.Remove, empty},
		"not for all": {func(tmp string) error { return os.Chmod(tmp, 0o755) }, empty},
		"with a file": {func(tmp string) error { return os.WriteFile(filepath.Join(tmp, "old"), nil, 0o644) },
			"drwxrwxrwt 0 0 3 x drwxr-xr-x"},
	} {
		t.Run(name, func(t *testing.T) {
			s := StartShim(t)
			must(t, c.change(filepath.Join(s.Rootfs, "tmp")))
			j := sh(look)
			j.UID = 1000
			status, stdout, stderr := s.Run(t, j)
			f := strings.Fields(stdout)
			if len(f) < 10 {
				t.Fatalf("status %d, %q, %q", status, stdout, stderr)
			}
			// Links, size, date and name of /tmp are left out.
			got := strings.Join(append([]string{f[0], f[2], f[3]}, f[len(f)-3:]...), " ")
			if status != 0 || got != c.want {
				t.Errorf("status %d, %q, %q (%q)", status, got, stdout, stderr)
			}
		})
	}
}

// A link in the image's place leads nowhere outside of the sandbox.
func TestTmpLink(t *testing.T) {
	s := StartShim(t)
	tmp := filepath.Join(s.Rootfs, "tmp")
	must(t, os.Remove(tmp))
	must(t, os.Symlink("/var", tmp))
	status, stdout, stderr := s.Run(t, sh(`echo x >/tmp/x; cat /var/x`))
	if status != 0 || stdout != "x\n" {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
}

// Files in /tmp are on disk: far more fits than the memory limit.
func TestTmpIsNotMemory(t *testing.T) {
	s := StartShim(t)
	j := Job{
		Args:        []string{"/bin/sh", "-c", `dd if=/dev/zero of=/tmp/big bs=1M count=100 2>/dev/null && wc -c </tmp/big`},
		ScratchSize: 256 << 20, Memory: 64 << 20,
	}
	k, status, _ := s.ended(t, j)
	r := k.Report(t)
	if status != 0 || k.Stdout.String() != "104857600\n" || number(t, k, "oomKills") != 0 {
		t.Errorf("status %d, report %v", status, r)
	}
	if n := number(t, k, "scratchBytes"); n < 100<<20 {
		t.Errorf("%v bytes on disk", n)
	}
}

// Nothing of the host's is mounted, whatever the specification says.
func TestMountsOfTheHostAreRefused(t *testing.T) {
	s := StartShim(t)
	dir := filepath.Join(s.Dir, "shared")
	must(t, os.Mkdir(dir, 0o777))
	j := sh(`echo x >/mnt/x`)
	j.Mounts = []map[string]any{{"destination": "/mnt", "type": "bind", "source": dir, "options": []string{"rbind", "ro"}}}
	if err := s.NewTask(t, j).TryCreate(); status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), "/mnt") {
		t.Errorf("got %v", err)
	}
}
