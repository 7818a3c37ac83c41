package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

// patience is how long anything on a page may take.
const patience = 20 * time.Second

// Window is one page of somebody who shares nothing with other windows: neither
// cookies nor authenticators.
type Window struct {
	*watch
	t    testing.TB
	ctx  context.Context
	name string
}

// Widths of a small telephone and of a tablet or more, in pixels.
const (
	Narrow = 360
	Wide   = 1024
)

// Open opens a window for somebody, who gives it its name in messages. The test
// fails at its end for everything that a page complained about by then and that
// TakeComplaints did not take.
func (b *Browser) Open(t testing.TB, name string) *Window {
	t.Helper()
	watch := &watch{}
	ctx, cancel := chromedp.NewContext(b.root, chromedp.WithNewBrowserContext(), chromedp.WithListener(watch.hear))
	w := &Window{t: t, ctx: ctx, name: name, watch: watch}
	t.Cleanup(func() {
		if t.Failed() {
			w.keep()
		}
		for _, c := range w.TakeComplaints() {
			t.Errorf("%s: the page complained: %s", name, c)
		}
		cancel()
	})
	// The first call binds the window's life to its context, so it has no limit.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a window: %v", err)
	}
	command(w, log.Enable, cdp.Empty{})
	w.Width(Wide)
	return w
}

// command sends a command of the DevTools protocol, or fails the test.
func command[P, R any](w *Window, c cdp.Command[P, R], params P) R {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, c, params)
	if err != nil {
		w.t.Fatalf("%s: %s: %v", w.name, c.Method, err)
	}
	return result
}

// Width makes the window so many pixels wide.
func (w *Window) Width(pixels int64) {
	w.t.Helper()
	command(w, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: pixels, Height: 900, DeviceScaleFactor: 1})
}

// Dark makes the window prefer dark colours, or light ones.
func (w *Window) Dark(yes bool) {
	w.t.Helper()
	value := "light"
	if yes {
		value = "dark"
	}
	command(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}})
}

// do runs actions, or fails the test.
func (w *Window) do(actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		w.t.Fatalf("%s: %v\n%s", w.name, err, w.seen())
	}
}

// Go opens a URL.
func (w *Window) Go(url string) {
	w.t.Helper()
	w.do(chromedp.Navigate(url))
}

// Click clicks on the first element that a CSS selector finds, as soon as it is
// there and enabled.
func (w *Window) Click(selector string) {
	w.t.Helper()
	w.do(chromedp.WaitEnabled(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Press clicks on the button that says text; in the dialog, if one is open.
func (w *Window) Press(text string) {
	w.t.Helper()
	button := fmt.Sprintf(`[...(document.querySelector("dialog[open]") ?? document).querySelectorAll("button:enabled")].find((b) => b.checkVisibility() && b.innerText.trim() === %q)`, text)
	w.Until(button, "for the button "+text)
	w.do(chromedp.Click(chromedp.JSPath(button), chromedp.NodeVisible))
}

// Type puts text in the place of what an input has.
func (w *Window) Type(selector, text string) {
	w.t.Helper()
	in := chromedp.CSS(selector)
	w.do(chromedp.WaitVisible(in))
	Value[any](w, fmt.Sprintf("void document.querySelector(%q).select()", selector))
	w.do(chromedp.SendKeys(in, text))
}

// Choose takes another option of a select, as a person would.
func (w *Window) Choose(selector, value string) {
	w.t.Helper()
	Value[bool](w, fmt.Sprintf(`(() => { const s = document.querySelector(%q); s.value = %q; s.dispatchEvent(new Event("change")); return s.value === %[2]q })()`, selector, value))
}

// See waits until the page shows each text.
func (w *Window) See(texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		w.Until(fmt.Sprintf("document.body?.innerText.includes(%q)", text), "to see "+text)
	}
}

// At waits until the window is at a path, fully loaded.
func (w *Window) At(path string) {
	w.t.Helper()
	w.Until(fmt.Sprintf("location.pathname + location.search === %q && document.readyState === 'complete'", path), "to be at "+path)
}

// Until waits until an expression is true on the page, whichever that is by
// then.
func (w *Window) Until(expression, what string) {
	w.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(w.ctx, patience)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		cancel()
		if err == nil && ok {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("%s waited in vain %s (%v)\n%s", w.name, what, err, w.seen())
		}
	}
}

// Value is what an expression gives on the page.
func Value[T any](w *Window, expression string) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		w.t.Fatalf("%s: %s: %v\n%s", w.name, expression, err, w.seen())
	}
	return v
}

// seen is what the window shows, for messages.
func (w *Window) seen() string {
	ctx, cancel := context.WithTimeout(w.ctx, 2*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
	if err != nil {
		return "(nothing can be seen: " + err.Error() + ")"
	}
	return "--- it shows:\n" + strings.TrimSpace(text) + "\n---"
}

// Screenshot is the whole page as PNG.
func (w *Window) Screenshot() []byte {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		w.t.Fatalf("%s: screenshot: %v", w.name, err)
	}
	return png
}

// keep leaves a picture of a failed test where its artefacts go, which is
// nowhere unless go test is told to.
func (w *Window) keep() {
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		return
	}
	path := filepath.Join(w.t.ArtifactDir(), strings.ReplaceAll(w.name, " ", "-")+".png")
	if os.WriteFile(path, png, 0o600) == nil {
		w.t.Logf("%s: what the window showed is at %s (kept with go test -artifacts)", w.name, path)
	}
}
