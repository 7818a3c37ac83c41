package hostile

import (
	"os"
	"strconv"
	"testing"
	"time"

	"glovebox/e2e/box"
	"glovebox/e2e/internet"
	"glovebox/e2e/internet/places"
)

func itoa(n int) string { return strconv.Itoa(n) }

// TestHostileJobs is the suite: what every family tries, as a job in gVisor
// that is started cold and one from the pool, as a job in runc, and by others'
// programs. It ends with the scoreboard.
func TestHostileJobs(t *testing.T) {
	g := newGround(t)
	t.Run("controls", g.controls)
	for how, args := range map[string][]string{"cold": {"--pool-max", "0"}, "parked": nil} {
		t.Run(how, func(t *testing.T) {
			b := g.up(t, append(args, "--dns", places.Resolver)...)
			s := &stand{ground: g, b: b, how: how, column: GVisor}
			s.run(t)
			if how == "cold" {
				(&stand{ground: g, b: b, how: "runc", column: Runc, args: []string{"--runtime", "runc"}}).harmless(t)
			}
			b.NoResidue()
		})
	}
	t.Run("others", g.others)
	g.conclude(t)
}

// stand is a way to run jobs.
type stand struct {
	*ground
	b      *box.Box
	how    string
	column string
	args   []string // of `glovebox run`
}

// job runs the attacker and returns what it printed.
func (s *stand) job(t *testing.T, args []string, words ...string) string {
	t.Helper()
	s.parked(t)
	line := append([]string{"run", "--timeout", "60s"}, s.args...)
	line = append(append(line, args...), "attacker:test", "--", "/attacker")
	r := s.b.Run(append(line, words...)...)
	if r.Code != 0 {
		t.Errorf("attacker %v: exit %d\n%.1000s\n%.1000s", words, r.Code, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

// run is everything.
func (s *stand) run(t *testing.T) {
	s.harmless(t)
	t.Run("data", s.data)
	t.Run("policy", s.policies)
	t.Run("resources", s.resources)
	t.Run("logs", s.logs)
	t.Run("artifacts", s.artifacts)
	if s.how == "cold" {
		t.Run("images", s.images)
		t.Run("stress", s.stress)
	}
}

// harmless is what is tried everywhere, since it only looks and asks.
func (s *stand) harmless(t *testing.T) {
	t.Run(s.how+" asks", func(t *testing.T) {
		for _, words := range asks {
			mark := s.w.Ledger.Mark()
			s.judge(t, s.column, s.how, mark, results(t, s.job(t, nil, words)), nothing)
		}
		s.surfaces(t, s.job(t, nil, "surfaces"))
	})
}

// asks are the words of the families that only ask.
var asks = []string{"network", "metadata", "clock"}

// nothing is what arrives from a job without a policy.
func nothing(internet.Arrival) bool { return false }

// controls shows that what only asks works on the internet's host.
func (g *ground) controls(t *testing.T) {
	find := t.TempDir()
	l, err := listenUnix(find + "/canary.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, words := range asks {
		g.control(t, words, "-resolver", places.Resolver, "-find", find)
	}
	g.control(t, "policy", "-resolver", places.Resolver)
	g.w.Point(places.Rebinding, places.Allowed4)
	open := openSurfaces(t, g.free(t, "surfaces"))
	g.sheet.Control("surfaces", len(open.Powers) > 20)
	if len(open.Powers) <= 20 {
		t.Errorf("control: root on the host has only %q", open.Powers)
	}
}

// conclude prints the scoreboard and the line that counts.
func (g *ground) conclude(t *testing.T) {
	line, table := g.sheet.Line(), g.sheet.Table(Columns...)
	t.Logf("\n%s\n%s", table, line)
	tried, succeeded := g.sheet.Count(GVisor, 0)
	held, all, failed := g.sheet.Controls()
	switch {
	case tried == 0 || all == 0:
		t.Error("nothing was tried")
	case len(succeeded) > 0:
		t.Errorf("%d attacks have worked: %+v", len(succeeded), succeeded)
	case held != all:
		t.Errorf("controls that did not hold: %q", failed)
	}
	g.compare(t)
	if dir := os.Getenv("GLOVEBOX_HOSTILE"); dir != "" { // for who wants to know each attempt
		if err := g.sheet.Write(dir); err != nil {
			t.Error(err)
		}
	}
	if !t.Failed() {
		g.scoreboard(t, table)
	}
}

// parked waits until jobs that should be taken from the pool can be.
func (s *stand) parked(t *testing.T) {
	t.Helper()
	if s.how != "parked" {
		return
	}
	waitFor(t, 30*time.Second, func() bool { return ready(t, s.b) >= 2 })
}
