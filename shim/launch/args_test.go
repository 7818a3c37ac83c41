package launch

import (
	"slices"
	"strings"
	"testing"
)

const bootLine = "runsc-sandbox --root=/r --platform=systrap --network=none --log-fd=3 boot --bundle=/b --controller-fd=4 " +
	"--apply-caps=true --setup-root --total-memory 4096 --attached --total-memory=1 id"

func TestSettledArgs(t *testing.T) {
	a, err := parseArgs(strings.Fields(bootLine))
	if err != nil {
		t.Fatal(err)
	}
	got := a.settled([]string{"--product-name=a b"}, 7)
	want := append(strings.Fields("runsc-sandbox --root=/r --platform=systrap --network=none --log-fd=3 boot --bundle=/b "+
		"--controller-fd=4 --total-memory 4096 --attached --total-memory=1"), "--product-name=a b", "--proc-mount-sync-fd=7", "id")
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A sentry that would not get from gVisor what is done here is refused.
func TestRefusedArgs(t *testing.T) {
	for _, change := range [][2]string{
		{"--apply-caps=true", ""}, {"--setup-root", ""}, {"boot", "gofer"},
		{"--apply-caps=true", "--apply-caps=false"}, {"--setup-root", "--setup-root=false"},
		{"--platform=systrap", "--platform=kvm"}, {"--platform=systrap", "-platform=ptrace"},
		{"--network=none", "--network=host"}, {"--network=none", "--network"},
		{"--log-fd=3", "--directfs=false"}, {"--log-fd=3", "--rootless=true"}, {"--log-fd=3", "--rootless"},
		{"--log-fd=3", "--nvproxy=true"}, {"--log-fd=3", "--tpuproxy"}, {"--log-fd=3", "--TESTONLY-unsafe-nonroot=true"},
		{"--attached", "--sync-userns-fd=9"}, {"--attached", "--uid=65534"}, {"--attached", "--proc-mount-sync-fd=5"},
	} {
		line := strings.Replace(bootLine, change[0], change[1], 1)
		if _, err := parseArgs(strings.Fields(line)); err == nil {
			t.Errorf("%q for %q: no error", change[1], change[0])
		}
	}
}
