package campaign

import (
	"strings"
	"time"

	"glovebox"
)

// everyKind is a client for each way through a job's life: every way of ending,
// an image that has to be fetched and one that is nowhere, a network, a policy
// that is narrowed on the way, and ends that are asked for at every stage.
func everyKind() []ask {
	return []ask{
		{name: "echo", spec: job("here", "echo", "hi")},
		{name: "fetched", spec: job("far", "exit", "7")},
		{name: "nowhere", spec: job("fail:tag_unknown", "exit", "0")},
		{name: "stubborn", spec: job("here", "stubborn"), cancel: 2 * time.Second},
		{name: "waiting", spec: job("here", "err", "late"), at: 10 * time.Millisecond},
		{name: "dropped", spec: job("farther", "exit", "1"), cancel: 300 * time.Millisecond, dropped: true},
		{name: "slow", spec: short(job("here", "sleep", "30"), 3*time.Second), at: time.Second},
		{name: "wrong", spec: job("here", "no-such-command"), at: 2 * time.Second},
		{name: "left", spec: job("here", "leave", "a.txt=text", "folder/"), at: 2 * time.Second},
		{name: "again", spec: again(job("here", "sleep", "1")), at: 2 * time.Second, lose: true},
		{name: "networked", spec: networked(job("here", "polite")), at: 3 * time.Second, cancel: 3 * time.Second, change: time.Second},
	}
}

func job(image string, command ...string) glovebox.Spec {
	return glovebox.Spec{Image: image, Cmd: command, Timeout: glovebox.Duration(2 * time.Minute)}
}

func short(s glovebox.Spec, timeout time.Duration) glovebox.Spec {
	s.Timeout = glovebox.Duration(timeout)
	return s
}

// again is a job that may be run three times.
func again(s glovebox.Spec) glovebox.Spec {
	s.Attempts, s.Idempotent = 3, true
	return s
}

func networked(s glovebox.Spec) glovebox.Spec {
	s.Policy = &glovebox.Policy{Version: glovebox.PolicyVersion, Egress: []glovebox.EgressRule{{Domain: "example.com", Port: 443, Protocol: glovebox.EgressTLS}}}
	return s
}

// end is how a job may end.
type end struct {
	outcome glovebox.Status
	reason  glovebox.Reason
}

// due is the end that a job comes to if nothing goes wrong, its exit code, and
// what it writes.
func (a ask) due() (e end, code int, stdout, stderr string) {
	failed := func(r glovebox.Reason) end { return end{glovebox.StatusFailed, r} }
	words := strings.Join(a.spec.Cmd[1:], " ")
	switch verb := a.spec.Cmd[0]; {
	case a.spec.Image == "fail:tag_unknown":
		return failed(glovebox.ReasonImageUnavailable), 0, "", ""
	case a.cancel > 0 && verb == "stubborn":
		return end{outcome: glovebox.StatusCancelled}, 137, "ready\n", ""
	case a.cancel > 0 && verb == "polite":
		return end{outcome: glovebox.StatusCancelled}, 3, "ready\nbye\n", ""
	case a.dropped:
		return end{outcome: glovebox.StatusCancelled}, 0, "", ""
	case verb == "echo":
		return end{outcome: glovebox.StatusCompleted}, 0, words + "\n", ""
	case verb == "err":
		return end{outcome: glovebox.StatusCompleted}, 0, "", words + "\n"
	case verb == "exit":
		return end{outcome: glovebox.StatusCompleted}, int(words[0] - '0'), "", ""
	case verb == "sleep" && time.Duration(a.spec.Timeout) < time.Minute:
		return failed(glovebox.ReasonTimeout), 137, "", ""
	case verb == "sleep", verb == "leave":
		return end{outcome: glovebox.StatusCompleted}, 0, "", ""
	case verb == "oom":
		return failed(glovebox.ReasonOutOfMemory), 137, "", ""
	}
	return failed(glovebox.ReasonStartFailed), 0, "", ""
}

// nodeLost is the end of a job that was ended by a fault of ours.
var nodeLost = end{glovebox.StatusFailed, glovebox.ReasonNodeLost}
