# Two commands are all a newcomer needs: `make demo` and `make test`. Each
# installs what it lacks and says so.

BIN ?= bin
GO_BUILD = CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)

.PHONY: help demo test nightly build tools setup lint identity hostile campaign bench check-tools clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

demo: setup build ## build everything, start, run a real job in gVisor, show that nothing is left
	@scripts/demo.sh

test: setup build check-tools ## everything: lint, units with -race, conformance, end to end, hostile jobs, kill -9
	@scripts/test.sh

nightly: export GLOVEBOX_REQUESTS ?= 100000
nightly: export GLOVEBOX_KILL_JOBS ?= 1000
nightly: export GLOVEBOX_POWER_CUTS ?= 20
nightly: export GLOVEBOX_SEEDS ?= 20000
nightly: export GLOVEBOX_PAIRS ?= 5000
nightly: test ## the same at length: 100,000 generated requests, kills over 1,000 jobs, 20,000 seeds, pairs of faults

build: tools ## bin/glovebox and the pinned tools beside it
	@echo "building $(BIN)/glovebox" >&2
	@$(GO_BUILD) -o $(BIN)/glovebox ./cmd/glovebox

tools: ## containerd, gVisor, the shims: pinned, from the Go module proxy
	@tools/build.sh $(BIN)

setup: ## Debian packages that demo and tests use
	@scripts/setup.sh

check-tools: ## staticcheck and gotestsum, pinned in tools/check
	@scripts/check-tools.sh $(BIN)

lint: check-tools ## gofmt, vet, staticcheck, the layer test
	@scripts/lint.sh

identity: ## every proof that must be refused, every route as everybody, generated requests
	@scripts/identity.sh

hostile: setup build ## hostile jobs on a fake internet: what they tried, what worked; UPDATE=1 keeps the scoreboard
	@scripts/hostile.sh

campaign: setup build ## faults, seeds, kills, and bugs put in on purpose; ends with one line of counts
	@scripts/campaign.sh

bench: setup build ## docs/BENCHMARKS.md: ours beside runc, crun, runsc, bwrap, ctr; QUICK=1 in minutes
	@scripts/bench.sh

clean: ## remove what was built
	rm -rf $(BIN) .cache
