package runtimetest

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"glovebox"
)

// names: a job knows what it is called, and as which machine.
func (s suite) names(t *testing.T) {
	s.hosts(t)
	s.machineIDs(t)
}

// hosts: a job finds localhost and itself in /etc/hosts, whatever its image has
// there, and an image that goes its own way keeps it.
func (s suite) hosts(t *testing.T) {
	const hosts = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.0.1 ID\n"
	const look = "stat -c '%a %u %g %F' /etc; cat /etc/hosts; cat /etc/hostname"
	for _, c := range []struct {
		name, user, script, want string
		layer                    []File
	}{
		{name: "plain", script: look + "; stat -c '%a %u %g' /etc/hosts /etc/hostname; test -s /etc/passwd && echo merged",
			want: "755 0 0 directory\n" + hosts + "ID\n644 0 0\n644 0 0\nmerged\n"},
		{name: "changed by the job", user: "0:0", script: "echo ::2 more >>/etc/hosts; rm /etc/hostname; cat /etc/hosts; ls /etc",
			want: hosts + "::2 more\ngroup\nhosts\nmachine-id\npasswd\n"},
		{name: "not the job's user's", script: "echo x 2>/dev/null >>/etc/hosts || cat /etc/hosts", want: hosts},
		{name: "own files and owner", script: look + "; cat /etc/other",
			want: "751 7 8 directory\n" + hosts + "ID\nold\n",
			layer: []File{{Name: "etc/", Mode: 0o751, UID: 7, GID: 8}, {Name: "etc/hosts", Mode: 0o600, Body: "old\n"},
				{Name: "etc/hostname", Mode: 0o600, Body: "old\n"}, {Name: "etc/other", Mode: 0o644, Body: "old\n"}}},
		{name: "no etc", script: look, want: "755 0 0 directory\n" + hosts + "ID\n", layer: []File{{Name: ".wh.etc"}}},
		{name: "etc is a link", script: "readlink /etc; ls /conf", want: "conf\nkept\n",
			layer: []File{{Name: ".wh.etc"}, {Name: "conf/", Mode: 0o777}, {Name: "conf/kept"}, {Name: "etc", Link: "conf"}}},
		{name: "etc leads out", script: "readlink /etc", want: "../../../../../../../../../tmp\n",
			layer: []File{{Name: ".wh.etc"}, {Name: "etc", Link: "../../../../../../../../../tmp"}}},
		{name: "etc is a file", script: "cat /etc", want: "mine\n",
			layer: []File{{Name: ".wh.etc"}, {Name: "etc", Mode: 0o644, Body: "mine\n"}}},
		{name: "hosts is a link", script: "readlink /etc/hosts; cat /etc/mine /etc/hostname", want: "mine\nkept\nID\n",
			layer: []File{{Name: "etc/mine", Mode: 0o644, Body: "kept\n"}, {Name: "etc/hosts", Link: "mine"}}},
		{name: "folders", script: "ls /etc/hosts /etc/hostname", want: "/etc/hostname:\n\n/etc/hosts:\nkept\n",
			layer: []File{{Name: "etc/hosts/", Mode: 0o755}, {Name: "etc/hosts/kept"}, {Name: "etc/hostname/", Mode: 0o755}}},
	} {
		s.check(t, "names/"+c.name, func(t *testing.T) {
			spec := s.spec("sh", "-c", c.script)
			if c.user != "" {
				spec.User = c.user
			}
			if c.layer != nil {
				spec.Image = s.imageWith(t, c.layer)
			}
			j, exit := s.run(t, spec, nil)
			if want := strings.ReplaceAll(c.want, "ID", spec.ID); exit.Code != 0 || j.stdout() != want {
				t.Errorf("exit %+v, stdout %q, want %q, stderr %q", exit, j.stdout(), want, j.stderr())
			}
		})
	}
}

// machineIDs: each job is a machine of its own.
func (s suite) machineIDs(t *testing.T) {
	s.check(t, "names/machine", func(t *testing.T) {
		seen := map[string]bool{}
		for range 2 {
			j, exit := s.run(t, s.spec("sh", "-c", "cat /etc/machine-id; stat -c '%a %u %g' /etc/machine-id"), nil)
			id, rest, _ := strings.Cut(j.stdout(), "\n")
			if exit.Code != 0 || !machineID.MatchString(id) || rest != "644 0 0\n" {
				t.Errorf("exit %+v, stdout %q, stderr %q", exit, j.stdout(), j.stderr())
			}
			seen[id] = true
		}
		if len(seen) != 2 {
			t.Errorf("two jobs are one machine: %v", seen)
		}
	})
}

var machineID = regexp.MustCompile(`^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$`)

// imageWith is the suite's image with one more layer, there until the test ends.
func (s suite) imageWith(t *testing.T, layer []File) glovebox.Image {
	t.Helper()
	img := NewImage(t, layer)
	if err := s.sys.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.sys.RemoveImage(context.Background(), img.Digest); err != nil {
			t.Error(err)
		}
	})
	return img.Image
}
