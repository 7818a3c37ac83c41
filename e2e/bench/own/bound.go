package own

import (
	"fmt"
	"strings"

	"glovebox"
)

// secretName is the secret that a bound job has as a file in memory.
const secretName = "TOKEN"

// ceiling is what a service's tenant lets jobs touch without a signature, so
// that those that are measured may have it. Nothing has to be there: the jobs
// connect to nothing.
const ceiling = `version: glovebox/v1
egress: [{domain: api.example.com, protocol: tls}]
secrets: [{name: ` + secretName + `, file: true}]
`

// Networked gives a job a network of its own, with one rule.
func Networked(s *glovebox.Spec) {
	s.Policy = &glovebox.Policy{Version: glovebox.PolicyVersion, Egress: []glovebox.EgressRule{
		{Domain: "api.example.com", Port: 443, Protocol: glovebox.EgressTLS},
	}}
}

// Bound gives a job what a pool cannot know before: an environment, limits, a
// secret as a file in memory, and a network of its own with a rule.
func Bound(s *glovebox.Spec) {
	s.Env = map[string]string{"NONCE": glovebox.NewID("nonce"), "MODE": "bench"}
	s.Limits = glovebox.Limits{Memory: 200 << 20, CPUs: 0.9, Pids: 99, Disk: 100 << 20}
	Networked(s)
	s.Policy.Secrets = []glovebox.SecretUse{{Name: secretName, File: true}}
}

// allow sets the secret, and what the tenant lets jobs touch.
func (s *Service) allow() error {
	for _, do := range []struct {
		input string
		args  []string
	}{
		{glovebox.NewID("value"), []string{"secret", "set", secretName}},
		{ceiling, []string{"policy", "set", "-"}},
	} {
		if r := s.Box.RunIn(strings.NewReader(do.input), do.args...); r.Code != 0 {
			return fmt.Errorf("glovebox %s: %s", strings.Join(do.args, " "), r.Stderr)
		}
	}
	return nil
}
