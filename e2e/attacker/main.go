// Command attacker does what a hostile job would, harmlessly: it reaches for
// canaries that its test owns, and for nothing else. What it tried, and whether
// it worked, goes to stdout, a JSON object a line.
//
// It is one static program, so that it can run in any sandbox, and beside it.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

// options are what the test knows and an attacker would find out.
type options struct {
	resolver string        // address of one, if /etc/resolv.conf is not to be believed
	find     string        // below which folder to look
	canary   string        // what to look for, or to leave
	most     int           // how much a bomb makes, and no more
	stay     time.Duration // how long what it made is kept
	targets  []string      // ADDRESS:PORT of others
}

// families are the words for what to do.
var families = map[string]func(options){
	"network": func(o options) { run(network(o)) }, "metadata": func(o options) { run(metadata(o)) },
	"policy": func(o options) { run(policy(o)) }, "allowed": allowed,
	"leave": leave, "scan": func(o options) { runOneByOne(scan(o)) },
	"surfaces": surfaces, "clock": func(o options) { runOneByOne(clock()) },
	"forks": forks, "threads": threads, "zombies": zombies, "child": child, "mounter": mounter,
	"memory": memory, "pagecache": pageCache, "sparse": sparse, "files": files, "spin": spin,
	"flood": flood, "line": line, "odd": odd, "artifacts": artifacts,
	"stubborn": stubborn, "respawn": respawn, "stopped": stopped, "busy": busy,
	"serve": serve,
}

func main() {
	debug.SetMaxThreads(1 << 20)
	if len(os.Args) < 2 || families[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: attacker FAMILY [flags]")
		os.Exit(2)
	}
	var o options
	var targets string
	fs := flag.NewFlagSet("attacker", flag.ExitOnError)
	fs.StringVar(&o.resolver, "resolver", "", "address of the resolver")
	fs.StringVar(&o.find, "find", "/", "folder to search")
	fs.StringVar(&o.canary, "canary", "", "what to leave or to look for, without the \"canary-\" in front")
	fs.IntVar(&o.most, "most", 1<<30, "how much to make")
	fs.DurationVar(&o.stay, "stay", time.Minute, "how long to keep it")
	fs.StringVar(&targets, "targets", "", "ADDRESS:PORT,…")
	_ = fs.Parse(os.Args[2:])
	o.targets = strings.FieldsFunc(targets, func(r rune) bool { return r == ',' })
	families[os.Args[1]](o)
}
