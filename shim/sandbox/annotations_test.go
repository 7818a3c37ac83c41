package sandbox

import (
	"errors"
	"testing"

	"github.com/containerd/errdefs"
)

func TestParseScratch(t *testing.T) {
	for value, want := range map[string]Scratch{
		"":                               {},
		"dir=/s,size=4096":               {Dir: "/s", Size: 4096},
		"size=4096,dir=/a/b,inodes=1000": {Dir: "/a/b", Size: 4096, Inodes: 1000},
	} {
		if got, err := ParseScratch(value); err != nil || got != want {
			t.Errorf("%q: %+v, %v", value, got, err)
		}
	}
	for _, value := range []string{
		"x", "dir=/s", "dir=/s,size=0", "dir=s,size=1", "dir=/s/../t,size=1", "dir=/a:b,size=1", "dir=/s,size=-1",
		"dir=/s,size=1g", "dir=/s,size=1,inodes=x", "dir=/s,size=1,nr_inodes=2", "dir=/s,size=99999999999999999999",
	} {
		if got, err := ParseScratch(value); !errors.Is(err, errdefs.ErrInvalidArgument) {
			t.Errorf("%q: %+v, %v", value, got, err)
		}
	}
}
