// Command softkey plays a person with a passkey, for a demonstration without a
// screen: it uses a one-time link, logs in, and then starts a program such as
// `glovebox login --no-browser`, whose page it opens and agrees to.
//
//	softkey -ca ca.pem -link https://localhost:8443/enrol#… -name Ada -- glovebox login …
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"glovebox/e2e/softkey"
)

func main() {
	ca := flag.String("ca", "", "PEM file to trust")
	link := flag.String("link", "", "one-time link")
	name := flag.String("name", "Ada", "of the person")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx, *ca, *link, *name, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "softkey:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, ca, link, name string, command []string) error {
	var trusted []byte
	if ca != "" {
		var err error
		if trusted, err = os.ReadFile(ca); err != nil {
			return err
		}
	}
	base, _, _ := strings.Cut(link, "/enrol")
	b, err := softkey.New(base, trusted)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"opens the link and registers a passkey", func() error { return b.Enrol(ctx, link, name) }},
		{"logs out", func() error { return b.Logout(ctx) }},
		{"logs in with the passkey", func() error { return b.Login(ctx) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		fmt.Printf("(%s %s)\n", name, step.what)
	}
	if len(command) == 0 {
		return nil
	}
	return allow(ctx, b, name, command)
}

var page = regexp.MustCompile(`https?://\S+/cli\?\S+`)

// allow starts a program and agrees to the page that it names.
func allow(ctx context.Context, b *softkey.Browser, name string, command []string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout = os.Stdout
	said, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	for lines := bufio.NewScanner(io.TeeReader(said, os.Stderr)); lines.Scan(); {
		if url := page.FindString(lines.Text()); url != "" {
			if err := b.AllowCLI(ctx, url); err != nil {
				return fmt.Errorf("agree to the program: %w", err)
			}
			fmt.Printf("(%s sees which program asks, and agrees)\n", name)
		}
	}
	return cmd.Wait()
}
