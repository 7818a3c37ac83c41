package watch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"glovebox"
	"glovebox/watch"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// did is an observation.
func did(o glovebox.Observation) glovebox.Observation {
	if o.First.IsZero() {
		o.First, o.Last = noon, noon.Add(time.Second)
	}
	o.Count = max(o.Count, 1)
	return o
}

func connects(format string, n int) (all []glovebox.Observation) {
	for i := range n {
		all = append(all, did(glovebox.Observation{Kind: glovebox.ObserveConnect, Proto: "tcp", Address: fmt.Sprintf(format, i+1), Result: "EINPROGRESS"}))
	}
	return all
}

func execs(paths ...string) (all []glovebox.Observation) {
	for _, p := range paths {
		all = append(all, did(glovebox.Observation{Kind: glovebox.ObserveExec, Path: p, Arg0: p}))
	}
	return all
}

func call(name, detail string) glovebox.Observation {
	return did(glovebox.Observation{Kind: glovebox.ObserveCall, Call: name, Detail: detail, Result: "EPERM"})
}

func open(path string) glovebox.Observation {
	return did(glovebox.Observation{Kind: glovebox.ObserveOpen, Path: path, Result: "ENOENT"})
}

func dns(count uint64, took time.Duration) glovebox.Observation {
	return did(glovebox.Observation{Kind: glovebox.ObserveDNS, Address: "10.0.0.1:53", Proto: "udp", Count: count, First: noon, Last: noon.Add(took)})
}

func socket(proto, detail string) glovebox.Observation {
	return did(glovebox.Observation{Kind: glovebox.ObserveSocket, Proto: proto, Detail: detail, Result: "EPERM"})
}

func pool() glovebox.Observation {
	return did(glovebox.Observation{Kind: glovebox.ObservePool, Address: "9.9.9.9:3333", Proto: "tcp"})
}

// refusedNames are questions that the policy does not have.
func refusedNames(format string, n int) (all []glovebox.NetEvent) {
	for i := range n {
		all = append(all, glovebox.NetEvent{At: noon, Type: glovebox.NetDNS, Name: fmt.Sprintf(format, i), Reason: glovebox.NetNoRule})
	}
	return all
}

func refusedOpens(format string, n int) (all []glovebox.NetEvent) {
	for i := range n {
		all = append(all, glovebox.NetEvent{At: noon, Type: glovebox.NetOpen, Address: fmt.Sprintf(format, i+1), Reason: glovebox.NetNoRule, Proto: "tcp"})
	}
	return all
}

func TestRules(t *testing.T) {
	profile := watch.ProfileOf(glovebox.Observed{Things: execs("/usr/bin/python3", "/tmp/pip-1/ninja")})
	tried := glovebox.Profile{Runs: 1, Tried: []string{"93.184.216.1:443", "evil0.example"}}
	cases := []struct {
		name    string
		profile *glovebox.Profile
		things  []glovebox.Observation
		more    glovebox.Observed // its other fields
		net     []glovebox.NetEvent
		busy    time.Duration
		want    map[watch.Rule]watch.Severity
	}{
		{name: "nothing"},

		// Ordinary jobs.
		{name: "python", things: append(execs("/usr/bin/python3.13", "/bin/sh"), dns(4, time.Second)),
			net: []glovebox.NetEvent{{At: noon, Type: glovebox.NetDNS, Name: "pypi.org", Allowed: true}, {At: noon, Type: glovebox.NetOpen, Name: "pypi.org", Address: "151.101.0.223:443", Allowed: true}}},
		{name: "pip install, refused", things: append(execs("/usr/bin/python3.13", "/tmp/pip-build-env-x1/overlay/bin/ninja"), dns(24, time.Minute)),
			net: append(refusedNames("pypi.org", 6), refusedOpens("151.101.0.223:443", 5)...)},
		{name: "make -j", busy: time.Hour, things: execs("/bin/sh", "/usr/bin/gcc", "/usr/libexec/gcc/cc1", "/usr/bin/as", "/usr/bin/ld"),
			more: glovebox.Observed{Forks: 90_000, ForkBurst: 300, TasksPeak: 40}},
		{name: "go test", busy: 20 * time.Minute, things: append(append(execs("/usr/local/go/bin/go", "/tmp/go-build1/b001/x.test"),
			connects("127.0.0.1:4%04d", 64)...), dns(60, time.Minute)), more: glovebox.Observed{ForkBurst: 120, Missed: map[string]uint64{"connect": 200}}},
		{name: "crawler", things: connects("93.184.1.%d:443", 64), more: glovebox.Observed{Missed: map[string]uint64{"connect": 500}}},
		{name: "apt", things: append(execs("/usr/bin/apt-get", "/usr/lib/apt/methods/http"), call("setgroups", ""), call("capset", ""), call("chroot", ""))},
		{name: "browser", things: []glovebox.Observation{call("clone", "user,pid,net"), call("unshare", "user"), call("capset", "")}},
		{name: "debugger", things: []glovebox.Observation{call("ptrace", "traceme"), call("process_vm_readv", "")}},
		{name: "ping", things: []glovebox.Observation{socket("raw", "family 2 type 3 protocol 1"), socket("raw", "family 10 type 3 protocol 58")}},
		{name: "mount in a script", things: []glovebox.Observation{call("mount", "proc at /proc")}},
		{name: "su", things: []glovebox.Observation{call("setuid", "to root"), call("setgid", "to root"), call("setresuid", "to root")}},
		{name: "port of a pool", things: []glovebox.Observation{pool()}},
		{name: "in cluster?", things: []glovebox.Observation{open("/var/run/secrets/kubernetes.io/serviceaccount/token")}},
		{name: "as in the profile", profile: &profile, things: execs("/usr/bin/python3", "/tmp/pip-99/ninja")},
		{name: "tried before", profile: &tried, net: append(refusedNames("evil%d.example", 1), refusedOpens("93.184.216.%d:443", 1)...)},
		{name: "chatty, over hours", things: []glovebox.Observation{dns(900, time.Hour)}},

		// Others.
		{name: "metadata", things: []glovebox.Observation{did(glovebox.Observation{Kind: glovebox.ObserveMetadata, Address: "169.254.169.254:80", Result: "ENETUNREACH"})},
			want: map[watch.Rule]watch.Severity{watch.MetadataProbe: watch.Medium}},
		{name: "metadata, two", things: []glovebox.Observation{did(glovebox.Observation{Kind: glovebox.ObserveMetadata, Address: "169.254.169.254:80"}),
			did(glovebox.Observation{Kind: glovebox.ObserveMetadata, Address: "169.254.170.2:80"})}, want: map[watch.Rule]watch.Severity{watch.MetadataProbe: watch.High}},
		{name: "metadata by name", net: []glovebox.NetEvent{{At: noon, Type: glovebox.NetDNS, Name: "Metadata.Google.Internal", Reason: glovebox.NetNoRule}},
			want: map[watch.Rule]watch.Severity{watch.MetadataProbe: watch.Medium}},
		{name: "metadata, mapped", net: []glovebox.NetEvent{{At: noon, Type: glovebox.NetOpen, Address: "[::ffff:169.254.169.254]:80", Reason: glovebox.NetForbidden}},
			want: map[watch.Rule]watch.Severity{watch.MetadataProbe: watch.Medium}},
		{name: "ports", things: connects("93.184.216.34:%d", 15), want: map[watch.Rule]watch.Severity{watch.PortScan: watch.Medium}},
		{name: "many ports", things: connects("93.184.216.34:%d", 60), want: map[watch.Rule]watch.Severity{watch.PortScan: watch.High}},
		{name: "sweep", things: connects("10.0.0.%d:22", 10), want: map[watch.Rule]watch.Severity{watch.PortScan: watch.Medium}},
		{name: "worm", things: connects("93.184.216.%d:23", 25), want: map[watch.Rule]watch.Severity{watch.PortScan: watch.Medium}},
		{name: "ports, by the filter", net: refusedOpens("93.184.216.34:%d", 15), want: map[watch.Rule]watch.Severity{watch.PortScan: watch.Medium}},
		{name: "flood of connects", things: connects("93.184.1.%d:443", 64), more: glovebox.Observed{Missed: map[string]uint64{"connect": 5000}},
			want: map[watch.Rule]watch.Severity{watch.PortScan: watch.Low}},
		{name: "questions", things: []glovebox.Observation{dns(600, time.Minute)}, want: map[watch.Rule]watch.Severity{watch.DNSBurst: watch.Low}},
		{name: "guesses", net: refusedNames("host%d.example.com", 40), want: map[watch.Rule]watch.Severity{watch.DNSBurst: watch.Medium}},
		{name: "tunnel", net: refusedNames("%040d.t.example.com", 60), want: map[watch.Rule]watch.Severity{watch.DNSBurst: watch.High}},
		{name: "xmrig", things: []glovebox.Observation{did(glovebox.Observation{Kind: glovebox.ObserveMiner, Path: "/tmp/xmrig", Arg0: "xmrig"})},
			want: map[watch.Rule]watch.Severity{watch.MinerShape: watch.Medium}},
		{name: "xmrig at work", busy: time.Hour, things: []glovebox.Observation{did(glovebox.Observation{Kind: glovebox.ObserveMiner, Path: "/tmp/xmrig"}), pool()},
			want: map[watch.Rule]watch.Severity{watch.MinerShape: watch.High}},
		{name: "quiet miner", busy: time.Hour, things: []glovebox.Observation{pool()}, want: map[watch.Rule]watch.Severity{watch.MinerShape: watch.Low}},
		{name: "pool's name", net: refusedNames("xmr-eu1.nanopool.org", 1), want: map[watch.Rule]watch.Severity{watch.MinerShape: watch.Medium}},
		{name: "privileges", things: []glovebox.Observation{call("mount", "tmpfs at /x"), call("bpf", "")}, want: map[watch.Rule]watch.Severity{watch.PrivilegeProbe: watch.Low}},
		{name: "all privileges", things: []glovebox.Observation{call("mount", ""), call("bpf", ""), call("setns", ""), call("iopl", ""), call("keyctl", ""), call("setuid", "to root")},
			want: map[watch.Rule]watch.Severity{watch.PrivilegeProbe: watch.High}},
		{name: "release_agent", things: []glovebox.Observation{open("/sys/fs/cgroup/rdma/release_agent")}, want: map[watch.Rule]watch.Severity{watch.EscapeAttempt: watch.High}},
		{name: "docker", things: []glovebox.Observation{open("/var/run/docker.sock")}, want: map[watch.Rule]watch.Severity{watch.EscapeAttempt: watch.Medium}},
		{name: "module", things: []glovebox.Observation{call("finit_module", "")}, want: map[watch.Rule]watch.Severity{watch.EscapeAttempt: watch.Medium}},
		{name: "cgroup mount", things: []glovebox.Observation{call("mount", "cgroup at /tmp/c")}, want: map[watch.Rule]watch.Severity{watch.EscapeAttempt: watch.Medium}},
		{name: "unknown programs", profile: &profile, things: execs("/usr/bin/python3", "/bin/ls", "/usr/bin/curl"), want: map[watch.Rule]watch.Severity{watch.UnusualExec: watch.Low, watch.Drifted: watch.Low}},
		{name: "dropper", profile: &profile, things: execs("/usr/bin/python3", "/tmp/a"), want: map[watch.Rule]watch.Severity{watch.UnusualExec: watch.Low, watch.Drifted: watch.Low}},
		{name: "one new program", profile: &profile, things: execs("/usr/bin/python3", "/bin/ls"), want: map[watch.Rule]watch.Severity{watch.Drifted: watch.Low}},
		{name: "a name that no run asked for", profile: &profile, net: refusedNames("evil%d.example", 1), want: map[watch.Rule]watch.Severity{watch.Drifted: watch.Low}},
		{name: "an address that nobody may reach", profile: &profile, net: []glovebox.NetEvent{{At: noon, Type: glovebox.NetOpen, Address: "10.0.0.9:22", Reason: glovebox.NetPrivate}},
			want: map[watch.Rule]watch.Severity{watch.Drifted: watch.High}},
		{name: "in no file", things: execs("/memfd:x (deleted)"), want: map[watch.Rule]watch.Severity{watch.UnusualExec: watch.Low}},
		{name: "packet socket", things: []glovebox.Observation{socket("packet", "family 17 type 3 protocol 768")}, want: map[watch.Rule]watch.Severity{watch.RawSocket: watch.Medium}},
		{name: "raw TCP", things: []glovebox.Observation{socket("raw", "family 2 type 3 protocol 6")}, want: map[watch.Rule]watch.Severity{watch.RawSocket: watch.Low}},
		{name: "refused", net: refusedOpens("93.184.216.%d:443", 20), want: map[watch.Rule]watch.Severity{watch.EgressRefused: watch.Low}},
		{name: "forks", more: glovebox.Observed{ForkBurst: 2000}, want: map[watch.Rule]watch.Severity{watch.ForkBurst: watch.Low}},
	}
	fired := map[watch.Rule]bool{}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := watch.New(watch.Config{Profile: c.profile, CPUs: 2})
			for _, e := range c.net {
				w.Net(e)
			}
			c.more.Things = c.things
			for at := time.Duration(0); at <= c.busy; at += time.Minute {
				c.more.Usage.CPUTime = glovebox.Duration(2 * at)
				w.See(noon.Add(at), c.more)
			}
			got := map[watch.Rule]watch.Severity{}
			for _, f := range w.Findings() {
				got[f.Rule] = f.Severity
				fired[f.Rule] = true
				if f.Count == 0 || len(f.Evidence) == 0 || f.At.IsZero() || f.First.IsZero() || f.Score < 0.4 && f.Rule != watch.Drifted || f.Score > 1 {
					t.Errorf("%+v", f)
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("%v, want %v: %+v", got, c.want, w.Findings())
			}
			for rule, severity := range c.want {
				if got[rule] != severity {
					t.Errorf("%s is %q, want %q: %+v", rule, got[rule], severity, w.Findings())
				}
			}
		})
	}
	for _, rule := range watch.Rules() {
		if !fired[rule] {
			t.Errorf("no case makes %s fire", rule)
		}
	}
}

// TestTellsOnce: the same again is no news; more of it is, now and then.
func TestTellsOnce(t *testing.T) {
	w := watch.New(watch.Config{})
	seen := func(n uint64) int {
		return len(w.See(noon, glovebox.Observed{Things: []glovebox.Observation{
			did(glovebox.Observation{Kind: glovebox.ObserveMetadata, Address: "169.254.169.254:80", Count: n}),
		}}))
	}
	for i, want := range map[uint64]int{1: 1} {
		if got := seen(i); got != want {
			t.Errorf("at %d: %d findings", i, got)
		}
	}
	told := 0
	for n := range uint64(100_000) {
		told += seen(n + 1)
	}
	if told != 5 { // at 10, 100, …, 100,000
		t.Errorf("told %d times", told)
	}
}

// TestFlood: whatever it is told, there is a bounded number of findings, each
// of a bounded size and fit to be shown.
func TestFlood(t *testing.T) {
	evil := strings.Repeat("\x1b[31m\u202e\x00\xff\n", 5000)
	w := watch.New(watch.Config{Profile: &glovebox.Profile{Execs: []string{"/bin/true"}}})
	var things []glovebox.Observation
	for _, kind := range []string{glovebox.ObserveExec, glovebox.ObserveMiner, glovebox.ObserveConnect, glovebox.ObserveMetadata,
		glovebox.ObservePool, glovebox.ObserveDNS, glovebox.ObserveSocket, glovebox.ObserveOpen, glovebox.ObserveCall, evil} {
		for i := range 2000 {
			things = append(things, did(glovebox.Observation{Kind: kind, Path: fmt.Sprint(i, evil), Arg0: evil, Address: evil, Proto: evil, Call: evil, Detail: evil, Result: evil}))
		}
	}
	told := 0
	for i := range 60_000 {
		told += len(w.Net(glovebox.NetEvent{
			At: noon, Type: []string{glovebox.NetDNS, glovebox.NetOpen}[i%2], Name: fmt.Sprintf("%d.%s.metadata.google.%d", i, evil[:40], i),
			Address: fmt.Sprintf("10.%d.%d.%d:%d", i%200, i/200%250, i/50_000, 1+i%60_000), Reason: glovebox.NetNoRule,
		}))
	}
	for i := range 20 {
		rotated := slices.Concat(things[i*1000:], things[:i*1000])
		told += len(w.See(noon, glovebox.Observed{Things: rotated}))
	}
	if told == 0 || told > 20*len(watch.Rules()) {
		t.Errorf("told of %d findings", told)
	}
	for _, f := range w.Findings() {
		if len(f.Evidence) > watch.MaxEvidence {
			t.Errorf("%s: %d lines", f.Rule, len(f.Evidence))
		}
		for _, line := range f.Evidence {
			if len(line) > watch.MaxEvidenceBytes || !utf8.ValidString(line) || strings.ContainsAny(line, "\x1b\n\x00\u202e") {
				t.Errorf("%s: %q", f.Rule, line)
			}
		}
	}
}

// TestRulesAreKnown: the root names the same ones, in the same order.
func TestRulesAreKnown(t *testing.T) {
	var names []string
	for _, rule := range watch.Rules() {
		names = append(names, string(rule))
	}
	if !slices.Equal(names, glovebox.FindingRules()) {
		t.Errorf("%v, and the root has %v", names, glovebox.FindingRules())
	}
}

// TestEnding: a finding ends the job from the severity on that its policy says,
// a drift from its score on, and both are told when they come that far.
func TestEnding(t *testing.T) {
	metadata := func(n int) (all []glovebox.Observation) {
		for i := range n {
			all = append(all, did(glovebox.Observation{Kind: glovebox.ObserveMetadata, Address: fmt.Sprintf("169.254.169.25%d:80", i)}))
		}
		return all
	}
	profile := watch.ProfileOf(glovebox.Observed{Things: append(execs("/bin/sh"), metadata(1)...)})
	for _, c := range []struct {
		name  string
		ends  glovebox.WatchPolicy
		steps []glovebox.Observed
		rule  watch.Rule
		at    int // step at which it ends; 0 = never
	}{
		{"silent", glovebox.WatchPolicy{}, []glovebox.Observed{{Things: metadata(3)}}, "", 0},
		{"never", glovebox.WatchPolicy{Kill: glovebox.WatchNever}, []glovebox.Observed{{Things: metadata(3)}}, "", 0},
		{"medium", glovebox.WatchPolicy{Kill: "medium"}, []glovebox.Observed{{Things: execs("/bin/sh")}, {Things: metadata(1)}}, watch.MetadataProbe, 2},
		{"high", glovebox.WatchPolicy{Kill: "high"}, []glovebox.Observed{{Things: metadata(1)}, {Things: metadata(2)}}, watch.MetadataProbe, 2},
		{"drift", glovebox.WatchPolicy{Drift: 0.45}, []glovebox.Observed{{Things: execs("/bin/sh", "/bin/a")}, {Things: execs("/bin/sh", "/bin/a", "/bin/b")}}, watch.Drifted, 2},
		{"within", glovebox.WatchPolicy{Drift: 0.1, Kill: "high"}, []glovebox.Observed{{Things: append(execs("/bin/sh"), metadata(1)...)}}, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := watch.New(watch.Config{Profile: &profile, Ends: c.ends})
			for i, o := range c.steps {
				news := w.See(noon.Add(time.Duration(i)*time.Second), o)
				f, ends := w.Ending()
				if ends != (c.at > 0 && i+1 >= c.at) || f.Rule != c.rule && ends {
					t.Errorf("step %d: ends %v of %+v; told %+v", i+1, ends, f, news)
				}
				if ends && i+1 == c.at && !slices.ContainsFunc(news, func(n watch.Finding) bool { return n.Rule == c.rule }) {
					t.Errorf("it ends for %+v, which was not told: %+v", f, news)
				}
			}
		})
	}
}

// TestGoesOn: what was told before is no news to the next Watch of a job, and
// a changed policy is judged at once.
func TestGoesOn(t *testing.T) {
	seen := glovebox.Observed{Things: []glovebox.Observation{did(glovebox.Observation{Kind: glovebox.ObserveMetadata, Address: "169.254.169.254:80"})}}
	first := watch.New(watch.Config{})
	news := first.See(noon, seen)
	if len(news) != 1 {
		t.Fatalf("told %+v", news)
	}
	next := watch.New(watch.Config{Told: []glovebox.Finding{news[0].Told()}})
	if again := next.See(noon.Add(time.Minute), seen); len(again) != 0 || len(next.Findings()) != 1 || !next.Findings()[0].First.Equal(noon) {
		t.Errorf("told again: %+v of %+v", again, next.Findings())
	}
	if _, ends := next.Ending(); ends {
		t.Error("it ends, and nobody said so")
	}
	next.Hold(nil, glovebox.WatchPolicy{Kill: "low"}, noon.Add(2*time.Minute))
	if f, ends := next.Ending(); !ends || f.Rule != watch.MetadataProbe {
		t.Errorf("it goes on, with %+v", next.Findings())
	}
}

func TestSeverities(t *testing.T) {
	if !watch.High.AtLeast(watch.Medium) || watch.Low.AtLeast(watch.Medium) || !watch.Low.AtLeast(watch.Low) || watch.High.AtLeast("") {
		t.Error("severities are in another order")
	}
}

func FuzzLine(f *testing.F) {
	f.Add("a\x00b\u202e\xff")
	f.Fuzz(func(t *testing.T, text string) {
		if line := watch.Line(text); len(line) > watch.MaxEvidenceBytes || !utf8.ValidString(line) || strings.ContainsAny(line, "\n\x1b") {
			t.Errorf("%q", line)
		}
	})
}
