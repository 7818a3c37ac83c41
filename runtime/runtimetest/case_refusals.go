package runtimetest

import (
	"testing"

	"glovebox"
)

// refusals: what cannot be started says why, by kind, before or at Start.
func (s suite) refusals(t *testing.T) {
	type change func(*glovebox.SandboxSpec)
	args := func(a ...string) change { return func(x *glovebox.SandboxSpec) { x.Args = a } }
	cases := []struct {
		name   string
		change change
		kind   glovebox.Kind
		real   bool // needs an image, which the fake does not unpack
	}{
		{"runtime that is not there", func(x *glovebox.SandboxSpec) { x.Runtime = "none-such" }, glovebox.KindRuntime, false},
		{"command that is not there", args("no-such-command"), glovebox.KindNoExecutable, false},
		{"path that is not there", args("/no/such/command"), glovebox.KindNoExecutable, false},
		{"empty command", args(""), glovebox.KindNoExecutable, false},
		{"folder", args("/bin/folder"), glovebox.KindNotExecutable, true},
		{"mode without x", args("plain"), glovebox.KindNotExecutable, true},
		{"mode without x for the user", args("private"), glovebox.KindNotExecutable, true},
		{"neither program nor script", args("garbage"), glovebox.KindNotExecutable, true},
		{"another processor's", args("foreign"), glovebox.KindNotExecutable, true},
		{"script without interpreter", args("orphan"), glovebox.KindNoExecutable, true},
		{"device as command", args("/dev/null"), glovebox.KindNotExecutable, true},
		{"unknown user", func(x *glovebox.SandboxSpec) { x.User = "nobody-here" }, glovebox.KindUnknownUser, false},
		{"unknown group", func(x *glovebox.SandboxSpec) { x.User = "app:nobody-here" }, glovebox.KindUnknownUser, true},
		{"uid past 2^31", func(x *glovebox.SandboxSpec) { x.User = "2147483648" }, glovebox.KindUnknownUser, false},
		{"gid past 2^31", func(x *glovebox.SandboxSpec) { x.User = "0:4294967296" }, glovebox.KindUnknownUser, false},
		{"uid past 2^31 by name", func(x *glovebox.SandboxSpec) { x.User = "huge" }, glovebox.KindUnknownUser, true},
		{"relative folder", func(x *glovebox.SandboxSpec) { x.Workdir = "tmp" }, glovebox.KindWorkdir, false},
		{"file as folder", func(x *glovebox.SandboxSpec) { x.Workdir = "/etc/passwd" }, glovebox.KindWorkdir, true},
		{"below a file", func(x *glovebox.SandboxSpec) { x.Workdir = "/etc/passwd/x" }, glovebox.KindWorkdir, true},
		{"descriptor as folder", func(x *glovebox.SandboxSpec) { x.Workdir = "/proc/self/fd/7" }, glovebox.KindWorkdir, false},
		{"linked descriptor as folder", func(x *glovebox.SandboxSpec) { x.Workdir = "/trick/7" }, glovebox.KindWorkdir, true},
		{"image that is not there", func(x *glovebox.SandboxSpec) {
			x.Image.Digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
		}, glovebox.KindImageInvalid, false},
	}
	for _, c := range cases {
		if c.real && !s.n.Real {
			continue
		}
		s.check(t, "refused/"+c.name, func(t *testing.T) {
			spec := s.spec("echo", "hi")
			c.change(&spec)
			j := s.newJob(t, spec, nil)
			err := s.sys.Create(j.ctx, j.spec)
			if err == nil {
				if err = s.sys.Start(j.ctx, j.spec.ID); err == nil {
					exit := j.wait()
					t.Fatalf("it ran: %+v, stderr %q", exit, j.stderr())
				}
				j.destroy()
			} else if found, _ := s.sys.List(j.ctx); len(found) > 0 {
				t.Errorf("Create failed and left %v", found)
			}
			wantKind(t, err, c.kind)
			if glovebox.AsError(err).Hint == "" && c.kind != glovebox.KindImageInvalid {
				t.Errorf("no hint with: %v", err)
			}
		})
	}
	if s.n.Real {
		s.check(t, "accepted/odd but right", s.accepted)
	}
}

func (s suite) accepted(t *testing.T) {
	for _, change := range []func(*glovebox.SandboxSpec){
		func(x *glovebox.SandboxSpec) { x.Args = []string{"/bin/absolute", "0"} }, // an absolute link
		func(x *glovebox.SandboxSpec) { x.Args, x.Workdir = []string{"./true"}, "/bin" },
		func(x *glovebox.SandboxSpec) { x.Args, x.User = []string{"/bin/private"}, "root" },
		func(x *glovebox.SandboxSpec) { x.User = "2147483645:2147483645" },
		func(x *glovebox.SandboxSpec) { x.Workdir = "/escape" },
		func(x *glovebox.SandboxSpec) { x.Env = nil },
	} {
		spec := s.spec("true")
		change(&spec)
		if j, exit := s.run(t, spec, nil); exit.Code != 0 {
			t.Errorf("%v in %q as %q: exit %+v, stderr %q", spec.Args, spec.Workdir, spec.User, exit, j.stderr())
		}
	}
}
