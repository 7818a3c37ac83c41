package metrics

import (
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"glovebox"
)

// power counts what was granted and refused, from the audit events that belong
// to it. What is counted is therefore exactly what can be read there.
type power struct {
	events   *prometheus.CounterVec
	refusals *prometheus.CounterVec
	findings *prometheus.CounterVec
	actions  *actions
}

func (m *Metrics) newPower() power {
	return power{
		events:   m.counter("glovebox_audit_events_total", "grants, uses and refusals of power, such as session.open", "action", "granted"),
		refusals: m.counter("glovebox_auth_refusals_total", "refused proofs and requests, by what was wrong with them", "cause"),
		findings: m.newFindings(),
		actions:  &actions{seen: map[string]bool{}},
	}
}

// audited counts the events of a write that took effect.
func (p power) audited(events []glovebox.AuditEvent, err error) {
	if err != nil {
		return
	}
	for _, e := range events {
		granted := "true"
		if !e.OK {
			granted = "false"
			p.refusals.WithLabelValues(cause(e)).Inc()
		}
		p.events.WithLabelValues(p.actions.label(e.Action), granted).Inc()
		p.found(e)
	}
}

// causes are classes of refusals by the words that their causes begin with.
// What follows may be a stranger's, so it is no label.
var causes = []struct{ begin, class string }{
	{"access token", "token"},
	{"proof", "proof"}, {"not exactly one proof", "proof"},
	{"another scheme", "scheme"}, {"several Authorization", "scheme"}, {"two ways", "scheme"},
	{"session", "session"},
	{"passkey", "passkey"}, {"user handle", "passkey"}, {"answer", "passkey"}, {"no passkey", "passkey"},
	{"challenge", "challenge"},
	{"link", "link"}, {"there is an admin", "link"}, {"the inviter", "link"},
	{"recovery code", "recovery"},
	{"code", "grant"}, {"device", "grant"}, {"another device", "grant"},
	{"token", "federation"}, {"trust rule", "federation"}, {"federation", "federation"},
	{"person", "person"},
}

// cause is the class of a refusal.
func cause(e glovebox.AuditEvent) string {
	if e.Kind != glovebox.KindUnauthorized {
		return string(e.Kind)
	}
	for _, c := range causes {
		if strings.HasPrefix(e.Detail["cause"], c.begin) {
			return c.class
		}
	}
	return "other"
}

// maxActions bounds the label: actions are constants of our code, and if that
// should ever not hold the rest is one value.
const maxActions = 100

type actions struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (a *actions) label(action string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.seen[action] {
		if len(a.seen) >= maxActions {
			return "other"
		}
		a.seen[strings.Clone(action)] = true
	}
	return action
}
