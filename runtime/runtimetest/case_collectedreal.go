package runtimetest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glovebox"
)

// collectingReal: what a shell can make of /out.
func (s suite) collectingReal(t *testing.T) {
	for _, user := range []string{"1000:1000", "0:0"} {
		s.check(t, "collected/the folder of "+user, func(t *testing.T) {
			if got, want := s.probe(t, user, "stat -c '%a %u:%g %F' /out; ls -A /out; echo x >/out/x"), "755 "+user+" directory"; got != want {
				t.Errorf("/out is %q, want %q", got, want)
			}
		})
	}
	for name, c := range map[string]struct {
		user, script string
		leftOut      int
		want         []string
	}{
		"modes": {script: "umask 0; cd /out; for m in 000 400 644 755 777; do echo $m >$m; chmod $m $m; done; chmod 4755 755; mkdir -m 1777 d; mkdir closed; echo x >closed/x; chmod 0 closed/x closed",
			want: []string{"000=000\n", "400=400\n", "644=644\n", "755=755\n", "777=777\n", "closed/", "closed/x=x\n", "d/"}},
		"links": {script: "cd /out; echo 1 >a; ln a b; ln -s a c; ln -s /etc/passwd d; ln -s / e; ln -s /out f; ln -s nowhere g",
			leftOut: 5, want: []string{"a=1\n", "b=1\n"}},
		"special": {script: "cd /out; busybox mkfifo p; busybox mknod n p || true; busybox timeout 1 busybox nc -l -U s 2>/dev/null || true; echo 1 >z", leftOut: -1, want: []string{"z=1\n"}},
		"odd names": {script: `cd /out; echo 1 >"$(printf 'new\nline')"; echo 1 >"$(printf 'bad\377')"; echo 1 >' '; echo 1 >'-rf'; echo 1 >'..x'; echo 1 >'ü'; echo 1 >'\'; mkdir "$(printf 'b\301d')"; echo 1 >"$(printf 'b\301d/in')"; echo 1 >'PaxHeaders.0'`,
			leftOut: 2, want: []string{" =1\n", "-rf=1\n", "..x=1\n", "PaxHeaders.0=1\n", "\\=1\n", "new\nline=1\n", "ü=1\n"}},
		"long names": {script: "cd /out; n=$(head -c 255 /dev/zero | tr '\\0' n); echo 1 >$n; mkdir d; cd d; mkdir $n; cd $n; echo 2 >$n",
			want: []string{"d/", "d/N/", "d/N/N=2\n", "N=1\n"}},
		"removed":         {user: "0:0", script: "rmdir /out"},
		"a link":          {user: "0:0", script: "rmdir /out; ln -s /etc /out; cat /out/passwd >/dev/null", leftOut: 1},
		"a link to a job": {user: "0:0", script: "mkdir /other; echo 1 >/other/x; rmdir /out; ln -s other /out; cat /out/x", leftOut: 1},
		"a file":          {user: "0:0", script: "rmdir /out; echo 1 >/out", leftOut: 1},
		"closed":          {script: "echo 1 >/out/x; chmod 0 /out/x /out", want: []string{"x=1\n"}},
		"moved in":        {user: "0:0", script: "mkdir -p /d/e; echo 1 >/d/e/f; busybox mv /d /out/d; ln -s ../.. /out/d/up", leftOut: 1, want: []string{"d/", "d/e/", "d/e/f=1\n"}},
		"no mount":        {user: "0:0", script: "mount -t tmpfs x /out 2>/dev/null && echo mounted; echo 1 >/out/x", want: []string{"x=1\n"}},
		"of orphans":      {script: "setsid sh -c 'echo 1 >/out/x; exec sleep 600' >/dev/null 2>&1 & while [ ! -s /out/x ]; do sleep 0.02; done", want: []string{"x=1\n"}},
	} {
		s.check(t, "collected/"+name, func(t *testing.T) {
			spec := s.spec("sh", "-ec", c.script)
			if spec.User = "1000:1000"; c.user != "" {
				spec.User = c.user
			}
			j := s.newJob(t, spec, nil).start()
			if exit := j.wait(); exit.Code != 0 {
				t.Fatalf("exit %+v, stderr %q", exit, j.stderr())
			}
			got := j.collect()
			for i := range c.want {
				c.want[i] = strings.ReplaceAll(c.want[i], "N", strings.Repeat("n", 255))
			}
			if name == "special" { // how many there are depends on what this busybox can make
				if c.leftOut = got.leftOut; got.leftOut < 1 || got.leftOut > 3 {
					t.Errorf("%d left out", got.leftOut)
				}
			}
			got.want(t, c.leftOut, c.want...)
			if name == "modes" && fmt.Sprint(got.modes) != fmt.Sprint(map[string]int64{
				"000": 0, "400": 0o400, "644": 0o644, "755": 0o755, "777": 0o777, "closed/": 0, "closed/x": 0, "d/": 0o777}) {
				t.Errorf("modes %v", got.modes)
			}
			if out := j.stdout(); strings.Contains(out, "mounted") {
				t.Error("it could mount")
			}
			j.destroy()
		})
	}
	s.check(t, "collected/deep", s.collectDeep)
	s.check(t, "collected/many", s.collectMany)
	s.check(t, "collected/sparse", s.collectSparse)
	s.check(t, "collected/as the image has it", s.collectImages)
	s.check(t, "collected/residue of the way", s.collectLeavesNothing)
	for name, kill := range map[string]func(testing.TB){"daemon": s.n.KillDaemon, "keeper": s.n.KillKeeper} {
		if kill != nil {
			s.check(t, "collected/"+name+" killed", func(t *testing.T) {
				s.collectOverKill(t, kill, name == "keeper" && s.n.Runtime == glovebox.RuntimeGVisor)
			})
		}
	}
}

// collectOverKill: what is left survives what the sandbox survives.
func (s suite) collectOverKill(t *testing.T, kill func(testing.TB), lost bool) {
	j := s.newJob(t, s.spec("leave", "x=1"), nil).start()
	j.wait()
	j.collect().want(t, 0, "x=1")
	kill(t)
	if lost {
		s.refusesToCollect(t, j, glovebox.KindNodeLost)
	} else {
		j.collect().want(t, 0, "x=1")
	}
	j.destroy()
}

// collectDeep: what is deeper than the bound is counted as one.
func (s suite) collectDeep(t *testing.T) {
	j := s.newJob(t, s.spec("sh", "-ec", "cd /out; i=0; while [ $i -lt 150 ]; do mkdir d; cd d; echo x >f; i=$((i+1)); done"), nil).start()
	j.wait()
	c := j.collect()
	if c.leftOut != 1 || len(c.names) != 2*glovebox.MaxOutDepth || c.files[strings.Repeat("d/", glovebox.MaxOutDepth)+"f"] != "x\n" {
		t.Errorf("%d entries and %d left out, want %d and 1; stderr %q", len(c.names), c.leftOut, 2*glovebox.MaxOutDepth, j.stderr())
	}
	j.destroy()
}

func (s suite) collectMany(t *testing.T) {
	const files = 5000
	spec := s.spec("sh", "-ec", "cd /out; i=0; while [ $i -lt 5000 ]; do echo $i >f$i; i=$((i+1)); done")
	spec.Limits.Inodes, spec.Limits.Disk = 10_000, 64<<20
	j := s.newJob(t, spec, nil).start()
	if exit := j.wait(); exit.Code != 0 {
		t.Fatalf("exit %+v, stderr %q", exit, j.stderr())
	}
	begin := time.Now()
	c := j.collect()
	t.Logf("%d files took %v", files, time.Since(begin))
	if len(c.files) != files || c.files["f4999"] != "4999\n" || c.leftOut != 0 {
		t.Errorf("%d files, %d left out", len(c.files), c.leftOut)
	}
	j.destroy()
}

// collectSparse: a file that takes no room, but would fill any.
func (s suite) collectSparse(t *testing.T) {
	j := s.newJob(t, s.spec("sh", "-ec", "cd /out; dd if=/dev/null of=a bs=1M seek=8; echo end >>a; dd if=/dev/null of=b bs=1M seek=1024; dd if=/dev/null of=c bs=1M seek=1048576"), nil).start()
	if exit := j.wait(); exit.Code != 0 {
		t.Fatalf("exit %+v, stderr %q", exit, j.stderr())
	}
	var first hole
	begin := time.Now()
	_, err := s.sys.(glovebox.Collector).Collect(j.ctx, j.spec.ID, &first)
	if !errors.Is(err, errEnough) || time.Since(begin) > patience/2 {
		t.Errorf("it ends after %v with %v", time.Since(begin), err)
	}
	if want := strings.Repeat("\x00", 8<<20) + "end\n"; !strings.Contains(first.String(), want) {
		t.Error("what is in it is not what was written")
	}
	j.destroy()
}

// hole keeps what it gets, up to some MiB.
type hole struct{ strings.Builder }

func (h *hole) Write(p []byte) (int, error) {
	if h.Len() > 16<<20 {
		return 0, errEnough
	}
	return h.Builder.Write(p)
}

// collectImages: an image's own /out stays what it is.
func (s suite) collectImages(t *testing.T) {
	for name, c := range map[string]struct {
		files   []File
		leftOut int
		want    []string
	}{
		"a folder": {[]File{{Name: "out/", Mode: 0o770, UID: 5, GID: 1000}, {Name: "out/there", Mode: 0o600, Body: "image"}}, 0, []string{"new=1", "there=image"}},
		"a link":   {[]File{{Name: "out", Link: "/home/app"}}, 1, nil},
	} {
		img := NewImage(t, c.files)
		if err := s.sys.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
			t.Fatal(err)
		}
		spec := s.spec("leave", "new=1")
		spec.Image = img.Image
		j := s.newJob(t, spec, nil).start()
		if exit := j.wait(); exit.Code != 0 {
			t.Fatalf("%s: exit %+v, stderr %q", name, exit, j.stderr())
		}
		j.collect().want(t, c.leftOut, c.want...)
		j.destroy()
		if err := s.sys.RemoveImage(t.Context(), img.Digest); err != nil {
			t.Error(err)
		}
	}
}

// collectLeavesNothing: no file of the way that the bytes take stays.
func (s suite) collectLeavesNothing(t *testing.T) {
	list := func() (all []string) {
		_ = filepath.WalkDir(filepath.Join(s.n.Dir, "sandboxes"), func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() && e.Name() == "root" {
				return filepath.SkipDir
			}
			all = append(all, path)
			return nil
		})
		return all
	}
	j := s.newJob(t, s.spec("leave", "x=1"), nil).start()
	j.wait()
	before := list()
	for range 3 {
		j.collect()
		_, _ = s.sys.(glovebox.Collector).Collect(j.ctx, j.spec.ID, &stopsAt{0})
	}
	if after := list(); fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("before %q, after %q", before, after)
	}
	j.destroy()
}
