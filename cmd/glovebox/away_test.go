package main

import (
	"errors"
	"strings"
	"testing"

	"glovebox"
)

func TestGaveUp(t *testing.T) {
	away := glovebox.Errorf(glovebox.KindNoServer, "nobody is there")
	err := gaveUp(away, "j1")
	if glovebox.KindOf(err) != glovebox.KindNoServer || !errors.Is(err, away) ||
		!strings.Contains(err.Error(), "gave up waiting") || !strings.HasSuffix(glovebox.AsError(err).Hint, "glovebox logs -f j1") {
		t.Errorf("%v", err)
	}
	other := glovebox.Errorf(glovebox.KindNotFound, "no such job")
	if got := gaveUp(other, "j1"); got != error(other) {
		t.Errorf("%v", got)
	}
	if gaveUp(nil, "j1") != nil {
		t.Error("nothing was wrong")
	}
}
