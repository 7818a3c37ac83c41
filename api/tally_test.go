package api_test

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// tally counts what the tests of identity have tried, for the line at the end
// of `make identity`.
var tally counts

type counts struct {
	sync.Mutex
	tried, refused   int
	walked, leaks    int
	requests, broken int
}

// refusal counts a proof that must be refused, and whether it was, as it must.
func (c *counts) refusal(held bool) {
	c.Lock()
	defer c.Unlock()
	c.tried++
	if held {
		c.refused++
	}
}

func (c *counts) routes(n int) {
	c.Lock()
	defer c.Unlock()
	c.walked += n
}

func (c *counts) leak() {
	c.Lock()
	defer c.Unlock()
	c.leaks++
}

// request counts a generated request and whether the answer was 5xx.
func (c *counts) request(broken bool) {
	c.Lock()
	defer c.Unlock()
	c.requests++
	if broken {
		c.broken++
	}
}

// String is the line.
func (c *counts) String() string {
	c.Lock()
	defer c.Unlock()
	return fmt.Sprintf("identity: refused=%d/%d routes=%d foreign_leaks=%d fuzz=%d 5xx=%d", c.refused, c.tried, c.walked, c.leaks, c.requests, c.broken)
}

// sound says whether everything was tried and held.
func (c *counts) sound() bool {
	c.Lock()
	defer c.Unlock()
	return c.tried > 0 && c.refused == c.tried && c.walked > 0 && c.leaks == 0 && c.requests > 0 && c.broken == 0
}

func TestMain(m *testing.M) {
	code := m.Run()
	if file := os.Getenv("GLOVEBOX_IDENTITY"); file != "" {
		if code == 0 && !tally.sound() {
			code = 1
		}
		if err := os.WriteFile(file, []byte(tally.String()+"\n"), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
