package watch

import (
	"time"

	"glovebox"
)

// Watch judges one job. Its methods are not for concurrent use. It takes a
// bounded amount of memory, whatever it is told.
type Watch struct {
	profile *Profile
	cpus    float64

	net      destinations
	seen     glovebox.Observed
	busy     busy
	reported map[Rule]Finding
}

// Config is what is known of the job beforehand.
type Config struct {
	// Profile is what earlier runs did; nil if there were none.
	Profile *Profile
	// CPUs is how many processors it has; 0 if that is not known, and then
	// nothing is held against a job that uses all it gets.
	CPUs float64
}

// New begins to watch a job.
func New(c Config) *Watch {
	return &Watch{profile: c.Profile, cpus: c.CPUs, reported: map[Rule]Finding{}}
}

// See takes what the runtime has observed until at, which adds up, and returns
// what is to be told: findings of rules that had not fired, are more severe
// than before, or have ten times the count. So a rule is told a few times at
// most, and telling the same again changes nothing.
func (w *Watch) See(at time.Time, o glovebox.Observed) []Finding {
	o.Things = o.Things[:min(len(o.Things), maxThings)]
	w.seen = o
	w.busy.see(at, o.Usage, w.cpus)
	return w.judge(at)
}

// Net takes one decision of the network's filter, and returns as See does.
func (w *Watch) Net(e glovebox.NetEvent) []Finding {
	if !w.net.see(e) {
		return nil
	}
	return w.judge(e.At)
}

// Findings are all until now, in the order of the rules.
func (w *Watch) Findings() []Finding {
	var all []Finding
	for _, j := range judges {
		if f, ok := w.reported[j.rule]; ok {
			all = append(all, f)
		}
	}
	return all
}

// maxThings is more than a runtime tells of.
const maxThings = 1024

// judge applies the rules.
func (w *Watch) judge(at time.Time) (news []Finding) {
	for _, j := range judges {
		c := &charge{}
		j.judge(w, c)
		if c.score() < fires {
			continue
		}
		f := Finding{
			At: c.last, Rule: j.rule, Severity: severity(c.score()), Score: c.score(), Evidence: c.evidence, Count: c.count,
		}
		if f.At.IsZero() {
			f.At = at
		}
		before, told := w.reported[j.rule]
		if !told || f.Severity != before.Severity && f.Severity.AtLeast(before.Severity) || f.Count/10 >= max(before.Count, 1) {
			w.reported[j.rule] = f
			news = append(news, f)
		}
	}
	return news
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
