package policy

import (
	"fmt"
	"strings"

	"glovebox"
)

// Rule says in words what an egress rule lets through.
func Rule(r glovebox.EgressRule) string {
	to := r.Destination()
	if rest, ok := strings.CutPrefix(to, "*."); ok {
		to = "any name one label under " + rest
	}
	s := r.Protocol + " to " + to
	if len(r.Methods) > 0 {
		s += ", only " + strings.Join(r.Methods, ", ")
	}
	if len(r.Paths) > 0 {
		s += ", only of " + strings.Join(r.Paths, ", ")
	}
	if r.Bytes > 0 {
		s += ", at most " + size(r.Bytes)
	}
	if r.Private {
		s += ", also at private addresses"
	}
	return s
}

// Use says in words how a job gets a secret.
func Use(s glovebox.SecretUse) string {
	if s.File {
		return fmt.Sprintf("the secret %s, as the file %s/%s", s.Name, glovebox.SecretsDir, s.Name)
	}
	return fmt.Sprintf("the secret %s, in the header %s of requests to %s", s.Name, s.Header, s.Domain)
}

// size is a number of bytes for people.
func size(n int64) string {
	for _, u := range []struct {
		name string
		n    int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.n && n%(u.n/8) == 0 {
			return fmt.Sprintf("%g %s", float64(n)/float64(u.n), u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
