package policy

import (
	"fmt"
	"slices"
	"strings"

	"glovebox"
)

// Explain says, line by line and in plain words, what a completed policy allows
// and what it does not.
func Explain(p glovebox.Policy) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for i, r := range p.Egress {
		add("egress[%d] %s: allows %s.", i, r.Name, Rule(r))
		if read := readBy(p, r); read != "" {
			add("egress[%d] %s: the filter ends TLS here to %s, with a certificate that only this sandbox trusts.", i, r.Name, read)
		}
	}
	for i, s := range p.Secrets {
		add("secrets[%d]: gives %s.", i, Use(s))
		if s.File {
			add("secrets[%d]: the job can read it, and send it wherever a rule above leads.", i)
		} else {
			add("secrets[%d]: the filter sets it outside; it enters the sandbox only if the destination sends it back.", i)
		}
	}
	if p.Observe {
		add("observe: allows any public name, and writes down what is used. It is for learning a policy, not for secrets.")
	}
	if len(p.Images) > 0 {
		add("images: only %s.", strings.Join(p.Images, ", "))
	}
	if len(p.Runtimes) > 0 {
		add("runtimes: only %s.", strings.Join(p.Runtimes, ", "))
	}
	for _, l := range bounds(p.Limits) {
		if l.has > 0 {
			add("limits.%s: at most %s.", l.name, l.words)
		}
	}
	lines = append(lines, Watching(p)...)
	return append(lines, denials(p)...)
}

// readBy says why the filter has to read what goes through a TLS rule; "" if it
// does not.
func readBy(p glovebox.Policy, r glovebox.EgressRule) string {
	if r.Protocol != glovebox.EgressTLS {
		return ""
	}
	var what []string
	if len(r.Methods)+len(r.Paths) > 0 {
		what = append(what, "read methods and paths")
	}
	if slices.ContainsFunc(p.Secrets, func(s glovebox.SecretUse) bool { return glovebox.MatchDomain(r.Domain, s.Domain) }) {
		what = append(what, "set headers")
	}
	return strings.Join(what, " and ")
}

// denials says what is not allowed.
func denials(p glovebox.Policy) []string {
	never := "never, whatever a policy says: link-local and metadata addresses, the host, other sandboxes, UDP but DNS, QUIC, ICMP."
	switch {
	case p.Observe:
		return []string{"denied: private addresses that no rule names.", never}
	case len(p.Egress) == 0:
		return []string{"denied: everything else. There is no network: no connection, and no answer from DNS."}
	}
	lines := []string{"denied: everything else, also as a DNS question: other names do not exist."}
	if !slices.ContainsFunc(p.Egress, func(r glovebox.EgressRule) bool { return r.Private }) {
		lines = append(lines, "denied: private addresses, also if one of these names leads there.")
	}
	return append(lines, never)
}

// bound is one of the limits.
type bound struct {
	name  string
	has   float64
	words string
}

func bounds(l glovebox.Limits) []bound {
	count := func(name string, n int64) bound { return bound{name, float64(n), fmt.Sprint(n)} }
	bytes := func(name string, n int64) bound { return bound{name, float64(n), size(n)} }
	return []bound{bytes("memory", l.Memory), {"cpus", l.CPUs, fmt.Sprint(l.CPUs)}, count("pids", l.Pids), bytes("disk", l.Disk),
		count("inodes", l.Inodes), count("files", l.Files), bytes("output", l.Output)}
}
