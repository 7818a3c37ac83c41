package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"glovebox"
)

func TestPoolFlags(t *testing.T) {
	tests := map[string]struct {
		args        string
		least, most int
		memory      int64 // MiB
		fault       string
	}{
		"of the machine":     {"", 4, 32, 512, ""},
		"off":                {"--pool-max 0", 0, 0, 0, ""},
		"off, said twice":    {"--pool-max 0 --pool-min 0", 0, 0, 0, ""},
		"few":                {"--pool-max 2", 2, 2, 32, ""},
		"many":               {"--pool-max 100 --pool-min 50", 50, 100, 1600, ""},
		"none at least":      {"--pool-min 0", 0, 32, 512, ""},
		"less memory":        {"--pool-memory 48m", 3, 32, 48, ""},
		"more memory":        {"--pool-memory 1g", 4, 32, 1024, ""},
		"least above most":   {"--pool-min 5 --pool-max 4", 0, 0, 0, "--pool-min 5 is more than --pool-max, 4"},
		"least above usual":  {"--pool-min 50", 0, 0, 0, "--pool-min 50 is more than --pool-max, 32"},
		"off, and some":      {"--pool-min 1 --pool-max 0", 0, 0, 0, "--pool-min 1 is more than --pool-max, 0"},
		"negative":           {"--pool-max=-2", 0, 0, 0, "--pool-max cannot be negative"},
		"negative least":     {"--pool-min=-5", 0, 0, 0, "--pool-min cannot be negative"},
		"far too many":       {"--pool-max 5000", 0, 0, 0, "--pool-max cannot be 5000"},
		"more than there is": {"--pool-max 4000", 0, 0, 0, "--pool-max 4000 needs"},
		"memory for none":    {"--pool-memory 1m", 0, 0, 0, "--pool-memory 1 MiB is too little"},
		"memory for fewer":   {"--pool-memory 48m --pool-min 4", 0, 0, 0, "--pool-min 4 needs 64 MiB"},
		"all the memory":     {"--pool-memory 25g", 0, 0, 0, "--pool-memory 25 GiB is more than this machine has"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := parsePoolFlags(t, strings.Fields(tt.args))
			c, err := f.on(2, 24<<30)
			if tt.fault != "" {
				if glovebox.KindOf(err) != glovebox.KindUsage || !strings.Contains(err.Error(), tt.fault) {
					t.Errorf("error %v, want %q", err, tt.fault)
				}
				return
			}
			if err != nil || c.Min != tt.least || c.Max != tt.most || c.Memory != tt.memory<<20 {
				t.Errorf("%+v, %v", c, err)
			}
			// The agent reads what `up` has read.
			if again := parsePoolFlags(t, f.args()); again != f {
				t.Errorf("%+v becomes %+v", f, again)
			}
		})
	}
	if tiny, err := parsePoolFlags(t, nil).on(1, 128<<20); err != nil || tiny.Max != 0 {
		t.Errorf("a machine that is too small: %+v, %v", tiny, err)
	}
	if args := parsePoolFlags(t, nil).args(); !slices.Equal(args, nil) {
		t.Errorf("passes %q on", args)
	}
}

func parsePoolFlags(t *testing.T, args []string) (f poolFlags) {
	t.Helper()
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	f.define(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f
}
