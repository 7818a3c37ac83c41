package keeper

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
)

// guards are those of the foreign sandboxes that were named last.
type guards []*guard

// guardAll takes every one of them, or none.
func guardAll(all []Foreign, log *slog.Logger) (gs guards, err error) {
	var errs []error
	for _, f := range all {
		g, err := guardOver(f, log)
		if err != nil {
			errs = append(errs, fmt.Errorf("foreign sandbox %s: %w", f.ID, err))
			continue
		}
		gs = append(gs, g)
	}
	if err := errors.Join(errs...); err != nil {
		for _, g := range gs {
			g.drop()
		}
		return nil, err
	}
	return gs, nil
}

// keep begins to keep the deadlines.
func (gs guards) keep() {
	for _, g := range gs {
		g.keep()
	}
}

// leave leaves the deadlines to who attends, and the output once that has it.
func (gs guards) leave() {
	for _, g := range gs {
		g.leave()
		go g.unused()
	}
}

// isInit says whether a process is the first one in its pid namespace: the one
// that a job's command is.
func isInit(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return false
	}
	for line := range bytes.Lines(b) {
		if ids, ok := bytes.CutPrefix(line, []byte("NSpid:")); ok {
			all := bytes.Fields(ids)
			return len(all) > 0 && string(all[len(all)-1]) == "1"
		}
	}
	return false
}
