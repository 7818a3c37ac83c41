package runtimetest

import "testing"

// stubbornness: Destroy takes at most five seconds, whatever the job does
// against it.
func (s suite) stubbornness(t *testing.T) {
	cases := map[string]string{
		"ignores every signal": "trap '' TERM INT HUP QUIT USR1; echo ready; while :; do sleep 1; done",
		"double fork":          "(setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 1; done' &) ; echo ready; sleep 600",
		"orphans":              "for i in 1 2 3 4 5 6 7 8; do setsid nohup sleep 600 >/dev/null 2>&1 & done; echo ready; sleep 600",
		"breeds":               "b() { while :; do sleep 0.2 & sleep 0.1; done; }; b & b & echo ready; b",
		"spins":                "for i in 1 2 3 4; do while :; do :; done & done; echo ready; wait",
		"keeps files open":     "exec 3>/home/app/x; echo ready; while echo x >&3; do sleep 0.01; done",
	}
	for name, script := range cases {
		s.check(t, "stubborn/"+name, func(t *testing.T) {
			j := s.newJob(t, s.spec("sh", "-c", script), nil).start().ready()
			j.destroy()
			j.drain()
		})
	}
	s.check(t, "stubborn/outlived by a child", func(t *testing.T) {
		// The first process ends: all others go with it.
		_, exit := s.run(t, s.spec("sh", "-c", "setsid sleep 600 & echo ready; exit 6"), nil)
		if exit.Code != 6 {
			t.Errorf("exit %+v", exit)
		}
	})
}
