package bootcmd

import (
	"errors"
	"runtime"
	"testing"

	"gvisor.dev/gvisor/pkg/gomaxprocs"
	"gvisor.dev/gvisor/pkg/sentry/platform"
)

// sizing is a platform that looks at the number of processors when it is made.
type sizing struct {
	platform.Constructor
	saw int
	err error
}

func (s *sizing) New(platform.Options) (platform.Platform, error) {
	s.saw = runtime.GOMAXPROCS(0)
	return nil, s.err
}

// Go gets more processors, and the platform does not size itself by them.
func TestRoomyPlatform(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	gomaxprocs.SetBase(2)
	stock := &sizing{err: errors.New("broken")}
	if _, err := (roomyPlatform{stock}).New(platform.Options{}); !errors.Is(err, stock.err) || runtime.GOMAXPROCS(0) != 2 {
		t.Errorf("failed: %v with %d processors", err, runtime.GOMAXPROCS(0))
	}
	stock.err = nil
	if _, err := (roomyPlatform{stock}).New(platform.Options{}); err != nil {
		t.Error(err)
	}
	if now := runtime.GOMAXPROCS(0); stock.saw != 2 || now != 2+moreProcs {
		t.Errorf("the platform saw %d processors, Go has %d", stock.saw, now)
	}
	gomaxprocs.Add(-moreProcs)
}

func TestRoomyPlatformIsFound(t *testing.T) {
	stock, err := platform.Lookup("systrap")
	if err != nil {
		t.Fatal(err)
	}
	defer platform.Register("systrap", stock)
	if err := useRoomyPlatform(); err != nil {
		t.Fatal(err)
	}
	found, err := platform.Lookup("systrap")
	if roomy, ok := found.(roomyPlatform); err != nil || !ok || roomy.Constructor != stock || found.Requirements() != stock.Requirements() {
		t.Errorf("%#v, %v", found, err)
	}
}
