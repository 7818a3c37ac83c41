package images

import (
	"fmt"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func TestHints(t *testing.T) {
	python := HintsOf(v1.Config{
		Entrypoint: []string{"python3"}, Cmd: []string{"-m", "app"},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}, "53/udp": {}, "9000": {}, "70000/tcp": {}, "x": {}, "-1/tcp": {}, "1/sctp": {}},
	}, slices.Values([]string{"usr/bin/apt-get", "./usr/bin/apt", "/usr/local/bin/pip3", "etc/passwd", "usr/share/doc/npm", "usr/bin/python3"}))
	if want := []string{"python3", "-m", "app"}; !slices.Equal(python.Command, want) {
		t.Errorf("command %q", python.Command)
	}
	if want := []string{"53/udp", "8080/tcp", "9000/tcp"}; !slices.Equal(python.Listens, want) {
		t.Errorf("listens at %q", python.Listens)
	}
	if want := []string{"apt", "pip"}; !slices.Equal(python.Managers, want) {
		t.Errorf("managers %q", python.Managers)
	}
	var names []string
	for _, r := range python.Egress {
		names = append(names, r.Name+" "+r.Protocol)
	}
	if want := []string{"deb.debian.org:80 http", "files.pythonhosted.org:443 tls", "pypi.org:443 tls", "security.debian.org:80 http"}; !slices.Equal(names, want) {
		t.Errorf("egress %q", names)
	}

	ubuntu := HintsOf(v1.Config{}, slices.Values([]string{"usr/bin/apt", "usr/share/keyrings/ubuntu-archive-keyring.gpg"}))
	if len(ubuntu.Egress) != 2 || ubuntu.Egress[0].Domain != "archive.ubuntu.com" {
		t.Errorf("%+v", ubuntu.Egress)
	}
	// The lists are shared: what one image is told must not change another's.
	if again := HintsOf(v1.Config{}, slices.Values([]string{"usr/bin/apt"})); again.Egress[0].Domain != "deb.debian.org" {
		t.Errorf("%+v", again.Egress)
	}
	if nothing := HintsOf(v1.Config{}, slices.Values([]string{"app"})); len(nothing.Egress)+len(nothing.Managers)+len(nothing.Listens) != 0 {
		t.Errorf("%+v", nothing)
	}
	ports := map[string]struct{}{}
	for i := range 5000 {
		ports[fmt.Sprintf("%d/tcp", i)] = struct{}{}
	}
	if many := HintsOf(v1.Config{ExposedPorts: ports}, slices.Values([]string{})); len(many.Listens) != maxListens {
		t.Errorf("%d ports", len(many.Listens))
	}
}
