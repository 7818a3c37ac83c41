package hostile

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox/e2e/box"
	"glovebox/e2e/internet"
	"glovebox/e2e/internet/places"
)

// allow is a policy with one destination that is meant, and names that lead
// where nobody may go.
var allow = func() []string {
	var flags []string
	for _, rule := range []string{
		places.Allowed + ":80/http", places.Allowed + ":443/tls", places.Allowed + ":22/tcp",
		places.Rebinding + ":80/http", places.Mixed + ":80/http", places.Alias + ":80/http", places.Mapped + ":80/http", places.Inside + ":80/http",
		places.Loop + ":8100/tcp", places.Host + ":8100/tcp",
	} {
		flags = append(flags, "--allow", rule)
	}
	return flags
}()

// policies are the families of the network for a job that may reach something.
func (s *stand) policies(t *testing.T) {
	if r := s.b.Run(append(append([]string{"run"}, allow...), "attacker:test", "--", "/bin/true")...); r.Code != 0 {
		t.Fatalf("a job with a policy cannot run: %s", r.Stderr)
	}
	for _, r := range results(t, s.job(t, allow, "allowed")) {
		s.sheet.Control("policy "+s.how+": "+r.Case, r.Succeeded)
		if !r.Succeeded {
			t.Errorf("control: what the policy names does not work: %s: %s", r.Case, r.Detail)
		}
	}
	victim, end := s.victim(t)
	defer end()
	for _, words := range [][]string{{"network", "-targets", strings.Join(victim, ",")}, {"metadata"}, {"policy"}} {
		mark, label := s.w.Ledger.Mark(), "policy="+s.how+"-"+words[0]
		all := results(t, s.job(t, append(slices.Clone(allow), "--label", label), words...))
		s.told(t, label)
		s.judge(t, s.column, s.how+" with a policy", mark, all, meant)
		for _, r := range all {
			if strings.HasPrefix(r.Case, "tcp ") && r.Millis > 2000 {
				t.Errorf("%s took %d ms to fail", r.Case, r.Millis)
			}
		}
	}
	s.w.Point(places.Rebinding, places.Allowed4)
}

// told holds that what was refused is told of, which also shows that it was us
// who refused it.
func (s *stand) told(t *testing.T, label string) {
	t.Helper()
	var jobs []struct {
		ID string `json:"jobID"`
	}
	if err := json.Unmarshal([]byte(s.b.Must("jobs", "--json", "--label", label)), &jobs); err != nil || len(jobs) != 1 {
		t.Fatalf("%d jobs of %s: %v", len(jobs), label, err)
	}
	if n := strings.Count(s.b.Must("logs", "--events", "-f", jobs[0].ID), "refused"); n == 0 {
		t.Errorf("%s: nothing is told of what was refused", label)
	}
}

// victim is another sandbox with a service; it returns its addresses.
func (s *stand) victim(t *testing.T) (addrs []string, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := s.b.Command(ctx, append(append(append([]string{"run"}, s.args...), allow...), "attacker:test", "--", "/attacker", "serve")...)
	out := &box.Buffer{}
	cmd.Stdout = out
	cmd.Cancel = func() error { return cmd.Process.Signal(interrupt) }
	cmd.WaitDelay = 20 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 20*time.Second, func() bool { return strings.Contains(out.String(), "ready") })
	for line := range strings.Lines(out.String()) {
		if a, ok := strings.CutPrefix(strings.TrimSpace(line), "serving "); ok {
			addrs = append(addrs, a)
		}
	}
	if len(addrs) == 0 {
		t.Errorf("a job with a policy has no address: %s", out)
	}
	return addrs, func() {
		cancel()
		_ = cmd.Wait()
		visited := strings.Contains(out.String(), "visited")
		s.note(t, Attempt{Family: 1, Column: s.column, Case: s.how + " with a policy: another sandbox is visited", Succeeded: visited, Detail: out.String()})
	}
}

// meant is what may arrive from a job with this policy.
func meant(a internet.Arrival) bool {
	to := a.To.Addr().String()
	server := to == places.Allowed4 || to == places.Allowed6
	switch a.Server {
	case "dns":
		kind, name, _ := strings.Cut(strings.ToLower(a.Sent), " ")
		listed := slices.ContainsFunc(allow, func(rule string) bool { return strings.HasPrefix(rule, strings.TrimSuffix(name, ".")+":") })
		return to == places.Resolver && listed && (kind == "a" || kind == "aaaa")
	case "request":
		return server && slices.Contains([]string{places.Allowed, places.Rebinding}, strings.Fields(a.Sent)[1])
	case "sni":
		return server && a.Sent == places.Allowed
	case "packet":
		return server && slices.Contains([]uint16{80, 443, 22}, a.To.Port()) || to == places.Resolver && a.To.Port() == 53
	case "http", "tls", "tcp":
		return server && slices.Contains([]uint16{80, 443, 22}, a.To.Port())
	}
	return false
}
