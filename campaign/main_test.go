// Package campaign runs the whole job path, from a client's submit to ARCHIVED,
// with everything that can go wrong on the way: control's parts over a store in
// memory, agents over a runtime in memory, clients, and the wire between them,
// all on the virtual time of one synctest bubble.
//
//	TestEveryFault    each call of each kind fails, loses its reply or kills its process, one at a time
//	TestPairs         two of them (GLOVEBOX_PAIRS)
//	TestSimulation    seeds: replicas, nodes, a bad network, skewed clocks, kill -9 at any time
//	TestMutants       bugs that are put in on purpose, and that these must find (GLOVEBOX_MUTANTS)
//
// After each run the same must hold: see invariants_test.go.
package campaign

import (
	"flag"
	"os"
	"regexp"
	"strconv"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.Exit(max(code, writeCounts()))
	}))
}

// number is that of an environment variable, or another.
func number(name string, other int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return other
}

// named is the number that -run names with a word, such as seed=17.
func named(word string) (uint64, bool) {
	found := regexp.MustCompile(word + `=(\d+)`).FindStringSubmatch(flag.Lookup("test.run").Value.String())
	if found == nil {
		return 0, false
	}
	n, err := strconv.ParseUint(found[1], 10, 64)
	return n, err == nil
}
