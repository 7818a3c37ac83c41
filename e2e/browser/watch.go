package browser

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
)

// watch collects what pages complain about: exceptions, errors on the console,
// what the content security policy stopped, answers that are the server's
// fault. An answer 4xx of the API is none: pages are there to deal with it.
type watch struct {
	mu         sync.Mutex
	complaints []string
}

// hear is called with each event of a window.
func (w *watch) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		w.add("exception: %s %s", e.ExceptionDetails.Text, thrown(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			w.add("console: %s", arguments(e.Args))
		}
	case *log.EventEntryAdded:
		if !harmless(e.Entry) {
			w.add("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	}
}

// harmless says whether an entry of the browser's log is none of the page's
// faults.
func harmless(e *log.Entry) bool {
	if e.Level == log.EntryLevelInfo || e.Level == log.EntryLevelVerbose {
		return true
	}
	return e.Source == log.EntrySourceNetwork && strings.Contains(e.Text, "responded with a status of 4") && strings.Contains(e.URL, "/v1/")
}

func (w *watch) add(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.complaints = append(w.complaints, fmt.Sprintf(format, args...))
}

// TakeComplaints returns what pages have complained about since the last time.
func (w *watch) TakeComplaints() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.complaints
	w.complaints = nil
	return all
}

// Complains waits until a page has complained of something, and takes all
// complaints there are by then.
func (w *Window) Complains(of string) {
	w.t.Helper()
	var all []string
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		all = append(all, w.TakeComplaints()...)
		if strings.Contains(strings.Join(all, "\n"), of) {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("%s: nobody complains of %s, but: %q", w.name, of, all)
		}
	}
}

func arguments(all []*runtime.RemoteObject) string {
	var words []string
	for _, a := range all {
		words = append(words, string(a.Value)+a.Description)
	}
	return strings.Join(words, " ")
}

func thrown(d *runtime.ExceptionDetails) string {
	if d.Exception == nil {
		return d.URL
	}
	return d.Exception.Description
}
