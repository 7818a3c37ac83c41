// Command guest is the first process of the tests' virtual machine, the one that
// runs their commands, and the client that submits jobs there.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if os.Getpid() == 1 && len(args) == 1 {
		return start()
	}
	if len(args) < 2 {
		return fmt.Errorf("nothing to do")
	}
	switch args[1] {
	case "reap":
		return reap()
	case "serve":
		return serve()
	case "submit":
		return submit(args[2:])
	case "off":
		return off()
	}
	return fmt.Errorf("%q is nothing to do", args[1])
}
