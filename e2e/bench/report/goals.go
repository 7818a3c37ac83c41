// Package report writes down what a benchmark has found: as JSON for programs,
// and as a page for people with the goals beside it.
package report

import "fmt"

// Goal is what one figure should be.
type Goal struct {
	Key   string
	What  string
	Unit  string
	Bound float64
	Least bool // the figure must be at least Bound, not at most
}

// Goals are all figures of a run, in the order in which they are told.
var Goals = []Goal{
	{"claim_template_ratio", "node: claim → first byte, template pool, to `runc run`", "×", 0.25, false},
	{"claim_generic_ratio", "node: claim → first byte, generic pool, to `runc run`", "×", 0.45, false},
	{"python_ratio", "node: claim → first byte, warm python3, to `runc run python3 -c`", "×", 0.1, false},
	{"submit_ratio", "API: durable submit → first byte at the client, template pool, to `runc run`", "×", 0.5, false},
	{"submit_p99_over_p50", "… its p99 to its p50", "×", 3, false},
	{"bound_ratio", "… with environment, limits, a secret and a network of its own, to the same without", "×", 1.3, false},
	{"claim_network_extra_ms", "… what a policy with a rule adds to it, generic pool", "ms", 3, false},
	{"cold_ratio", "API: durable submit → first byte at the client, no pool, to `runsc run`", "×", 1.1, false},
	{"throughput_template_ratio", "single-use jobs a second, template pool, to a loop of `runsc run`", "×", 2.5, true},
	{"throughput_generic_ratio", "single-use jobs a second, generic pool, to a loop of `runsc run`", "×", 1.5, true},
	{"throughput_lost", "… jobs that were lost in all of these loops", "jobs", 0, false},
	{"teardown_ms", "node: end of a job → nothing left of its sandbox, median", "ms", 50, false},
	{"parked_mb", "each of 50 parked sandboxes", "MB", 16, false},
	{"parked_cpu_percent", "50 parked sandboxes together, of a core", "%", 1, false},
	{"restore_200mb_ms", "restore of a 200 MB sandbox → first byte, median", "ms", 400, false},
	{"filter_conns_s", "network filter on one core: new connections by server name", "connections/s", 1000, true},
	{"filter_mbit_s", "… bytes through one connection", "Mbit/s", 100, true},
	{"filter_rules_ratio", "… its CPU time for a connection under 500 rules, to that under one", "×", 1.2, false},

	{"output_mb_s", "1 GiB of output through API and CLI", "MB/s", 200, true},
	{"control_growth_mib", "growth of control meanwhile", "MiB", 32, false},
	{"agent_growth_mib", "growth of agent meanwhile", "MiB", 32, false},
	{"burst_done", "of 100 jobs submitted at once, finished", "jobs", 100, true},
	{"control_idle_mib", "control idle", "MiB", 60, false},
}

// Met says whether a figure is as it should be.
func (g Goal) Met(v float64) bool {
	if g.Least {
		return v >= g.Bound
	}
	return v <= g.Bound
}

func (g Goal) bound() string {
	sign := "≤"
	if g.Least {
		sign = "≥"
	}
	return fmt.Sprintf("%s %g %s", sign, g.Bound, g.Unit)
}
