package watch

import (
	"time"

	"glovebox"
)

// Watch judges one job. Its methods are not for concurrent use. It takes a
// bounded amount of memory, whatever it is told.
type Watch struct {
	profile *glovebox.Profile
	ends    glovebox.WatchPolicy
	cpus    float64

	net  destinations
	seen glovebox.Observed
	at   time.Time // of what was taken last
	busy busy
	told map[Rule]Finding
}

// Config is what is known of the job beforehand.
type Config struct {
	// Profile is what earlier runs did; nil if there were none.
	Profile *glovebox.Profile
	// Ends says which findings end the job: see Ends.
	Ends glovebox.WatchPolicy
	// Told are the findings that were told of the job before, by a Watch that
	// is not there any more. They are no news.
	Told []glovebox.Finding
	// CPUs is how many processors it has; 0 if that is not known, and then
	// nothing is held against a job that uses all it gets.
	CPUs float64
}

// New begins to watch a job.
func New(c Config) *Watch {
	w := &Watch{profile: c.Profile, ends: c.Ends, cpus: c.CPUs, told: map[Rule]Finding{}}
	for _, f := range c.Told {
		w.told[Rule(f.Rule)] = again(f)
	}
	return w
}

// Hold has the job judged by another profile and other ends from now on, and
// returns what is to be told because of it, as See does.
func (w *Watch) Hold(p *glovebox.Profile, ends glovebox.WatchPolicy, at time.Time) []Finding {
	w.profile, w.ends = p, ends
	return w.judge(at)
}

// See takes what the runtime has observed until at, which adds up, and returns
// what is to be told: findings of rules that had not fired, that have a score
// higher by 0.1 than before or ten times the count, or that end the job now. So
// a rule is told a few times at most, and telling the same again changes nothing.
func (w *Watch) See(at time.Time, o glovebox.Observed) []Finding {
	o.Things = o.Things[:min(len(o.Things), maxThings)]
	w.seen = o
	w.busy.see(at, o.Usage, w.cpus)
	return w.judge(at)
}

// Net takes one decision of the network's filter, and returns as See does.
func (w *Watch) Net(e glovebox.NetEvent) []Finding {
	if !w.net.see(e, w.profile) {
		return nil
	}
	return w.judge(e.At)
}

// Findings are all that were told, as they were told last, in the order of the
// rules.
func (w *Watch) Findings() []Finding {
	var all []Finding
	for _, j := range judges {
		if f, ok := w.told[j.rule]; ok {
			all = append(all, f)
		}
	}
	return all
}

// Ending is the first of the findings that the job is to be ended for, if there
// is one.
func (w *Watch) Ending() (Finding, bool) {
	for _, f := range w.Findings() {
		if w.ends.Ends(f.Told()) {
			return f, true
		}
	}
	return Finding{}, false
}

// Profile is what the job has done until now.
func (w *Watch) Profile() glovebox.Profile { return ProfileOf(w.seen) }

// maxThings is more than a runtime tells of.
const maxThings = 1024

// judge applies the rules.
func (w *Watch) judge(at time.Time) (news []Finding) {
	w.at = at
	for _, j := range judges {
		c := &charge{}
		j.judge(w, c)
		if c.score() < fires && !(j.rule == Drifted && c.score() >= drifts) {
			continue
		}
		f := Finding{
			First: at, At: c.last, Rule: j.rule, Severity: severity(c.score()), Score: c.score(), Evidence: c.evidence, Count: c.count,
		}
		if f.At.IsZero() {
			f.At = at
		}
		if before, told := w.told[j.rule]; told {
			f.First = before.First
			if !w.worse(before, f) {
				continue
			}
		}
		w.told[j.rule] = f
		news = append(news, f)
	}
	return news
}

// worse says whether a finding is to be told again.
func (w *Watch) worse(before, now Finding) bool {
	const step = 0.1
	return now.Score >= before.Score+step || now.Severity != before.Severity && now.Severity.AtLeast(before.Severity) ||
		now.Count/10 >= max(before.Count, 1) || w.ends.Ends(now.Told()) && !w.ends.Ends(before.Told())
}

// judges are the rules.
var judges []struct {
	rule  Rule
	judge func(*Watch, *charge)
}

func init() { // not a literal: a judge reads the table's user
	judges = []struct {
		rule  Rule
		judge func(*Watch, *charge)
	}{
		{MetadataProbe, (*Watch).metadata},
		{PortScan, (*Watch).scan},
		{DNSBurst, (*Watch).dns},
		{MinerShape, (*Watch).miner},
		{PrivilegeProbe, (*Watch).privileges},
		{EscapeAttempt, (*Watch).escape},
		{UnusualExec, (*Watch).execs},
		{RawSocket, (*Watch).sockets},
		{EgressRefused, (*Watch).refused},
		{ForkBurst, (*Watch).forks},
		{Drifted, (*Watch).drift},
	}
}

// busy follows how long a job has used all its processors.
type busy struct {
	since time.Time // 0 if it does not
	at    time.Time
	cpu   time.Duration
	long  bool
}

const (
	busyTime  = 10 * time.Minute
	busyShare = 0.9
)

func (b *busy) see(at time.Time, u glovebox.Usage, cpus float64) {
	cpu, passed := time.Duration(u.CPUTime), at.Sub(b.at)
	if b.at.IsZero() || passed <= 0 {
		if b.at.IsZero() {
			b.at, b.cpu = at, cpu
		}
		return
	}
	switch {
	case cpus <= 0 || float64(cpu-b.cpu) < busyShare*cpus*float64(passed):
		b.since = time.Time{}
	case b.since.IsZero():
		b.since = b.at
	}
	b.at, b.cpu = at, cpu
	b.long = b.long || !b.since.IsZero() && at.Sub(b.since) >= busyTime
}
