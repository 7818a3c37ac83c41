package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"glovebox"
)

// browse opens a page in the person's browser if there is a screen, and says
// whether it tried. The URL is also printed, so nothing depends on it. It may
// come from a server, which is not to start anything else than a browser.
func browse(url string) bool {
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
		return false
	}
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return false
	}
	path, err := exec.LookPath("xdg-open")
	if err != nil {
		return false
	}
	cmd := exec.Command(path, url)
	if cmd.Start() != nil {
		return false
	}
	go func() { _ = cmd.Wait() }() // it may be the browser itself, and stay
	return true
}

// pause waits for d, or returns why the context ended.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// inBrowser is for what only a passkey can do, which no terminal has: it shows
// the console's page for it. The URL is on stdout for scripts; the error says
// that the thing itself has not been done.
func (a *app) inBrowser(what, page string) error {
	t, err := a.target()
	if err != nil {
		return err
	}
	refused := glovebox.Errorf(glovebox.KindApproval, "%s takes a signature by your passkey, which a terminal cannot give", what)
	url := t.page(page)
	if url == "" {
		return refused.Try("do it in the browser, in this instance's console")
	}
	fmt.Fprintln(a.stdout, url)
	a.open(url)
	return refused.Try("do it in the browser: %s", url)
}
