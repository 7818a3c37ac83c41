package box

import (
	"path/filepath"
	"regexp"
	"time"
)

// Public is where people and programs from elsewhere reach a box that runs,
// over TLS with the authority of its own that `glovebox up` makes.
type Public struct {
	URL string // of the API and the pages
	CA  string // file of the authority, PEM

	box  *Box
	from int // where its start is in the log
}

// StartPublic is Start with a listener on the loopback, at a free port unless
// args have another --listen.
func (b *Box) StartPublic(args ...string) Public {
	b.T.Helper()
	p := Public{box: b, from: len(b.Log.String()), CA: filepath.Join(b.Data, "tls", "ca.pem")}
	b.Start(append([]string{"--listen", "127.0.0.1:0"}, args...)...)
	p.URL = p.printed(`reachable at (\S+)`)
	return p
}

// FirstAdmin is the one-time link that this start printed.
func (p Public) FirstAdmin() string {
	p.box.T.Helper()
	return p.printed(`(` + regexp.QuoteMeta(p.URL) + `/enrol#\S+)`)
}

// Since is what the box has printed since this start.
func (p Public) Since() string { return p.box.Log.String()[p.from:] }

// printed waits for what the start prints after it has said that it is up.
func (p Public) printed(pattern string) string {
	p.box.T.Helper()
	wanted := regexp.MustCompile(pattern)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if found := wanted.FindStringSubmatch(p.Since()); found != nil {
			return found[1]
		}
		if time.Now().After(end) {
			p.box.T.Fatalf("glovebox up does not print %s\n%s", pattern, p.Since())
		}
	}
}
