package main

import (
	"errors"

	"github.com/spf13/pflag"

	"glovebox"
)

// What hands that are used to docker type. None of these is in --help.
var dockerFlags = []struct{ name, short, instead string }{
	{"volume", "v", "a job sees no folder of this machine; pass input on stdin or put it into the image"},
	{"mount", "", "a job sees no folder of this machine; pass input on stdin or put it into the image"},
	{"publish", "p", "nothing can connect to a job"},
	{"network", "", "a job reaches only what --allow and --policy name"},
	{"net", "", "a job reaches only what --allow and --policy name"},
	{"name", "", "jobs have ids; give it a label to find it by: --label name=VALUE"},
	{"tty", "t", "a job has no terminal; with -i alone it gets stdin"},
	{"privileged", "", "a sandbox never has more rights than others"},
}

// defineDocker adds flags of docker's: --rm, which says what is so anyhow, and
// those that can only be refused.
func defineDocker(fs *pflag.FlagSet) {
	fs.Bool("rm", true, "")
	_ = fs.MarkHidden("rm") // it is there
	for _, f := range dockerFlags {
		flag := fs.VarPF(unsupported{f.name, f.instead}, f.name, f.short, "")
		flag.NoOptDefVal = "true" // refused before its value is looked at
		flag.Hidden = true
	}
}

// unsupported is a flag that is always refused.
type unsupported struct{ name, instead string }

func (unsupported) String() string { return "" }
func (unsupported) Type() string   { return "" }

func (u unsupported) Set(string) error {
	return refusedFlag{glovebox.Errorf(glovebox.KindUsage, "--%s is not supported", u.name).Try("%s", u.instead)}
}

// refusedFlag is an error that says all there is to say about a flag.
type refusedFlag struct{ error }

func (r refusedFlag) Unwrap() error { return r.error }

// flagError makes an error for people of one of pflag's.
func flagError(err error, hint string, args ...any) error {
	var refused refusedFlag
	if errors.As(err, &refused) {
		return refused.error
	}
	return glovebox.Errorf(glovebox.KindUsage, "%w", err).Try(hint, args...)
}
