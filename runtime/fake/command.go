package fake

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"glovebox"
)

// commands are all there are; see the package comment.
var commands map[string]func(*sandbox) glovebox.Exit

func init() { // not a literal: a command reads the table's user
	commands = map[string]func(*sandbox) glovebox.Exit{
		"echo": func(b *sandbox) glovebox.Exit { return b.print(b.out, strings.Join(b.spec.Args[1:], " ")+"\n") },
		"err":  func(b *sandbox) glovebox.Exit { return b.print(b.errs, strings.Join(b.spec.Args[1:], " ")+"\n") },
		"pwd":  func(b *sandbox) glovebox.Exit { return b.print(b.out, path.Clean("/"+b.spec.Workdir)+"\n") },
		"env":  func(b *sandbox) glovebox.Exit { return b.print(b.out, strings.Join(b.spec.Env, "\n")+"\n") },
		"exit": func(b *sandbox) glovebox.Exit { return glovebox.Exit{Code: int(b.number(0))} },
		"kill": func(b *sandbox) glovebox.Exit {
			n := int(b.number(9))
			return glovebox.Exit{Code: 128 + n, Signal: n}
		},
		"probe": func(b *sandbox) glovebox.Exit { return b.print(b.out, "probed\n") },
		"cat":   cat, "sleep": sleep, "spew": spew, "stubborn": stubborn, "polite": polite, "leave": leave,
		"oom":      limit(glovebox.KindOutOfMemory),
		"forkbomb": limit(glovebox.KindPids),
		"fill":     limit(glovebox.KindDisk),
	}
}

func (b *sandbox) print(w io.Writer, s string) glovebox.Exit {
	if _, err := io.WriteString(w, s); err != nil {
		return glovebox.Exit{Code: 1}
	}
	return glovebox.Exit{}
}

// number is the first argument.
func (b *sandbox) number(other int64) int64 {
	if len(b.spec.Args) < 2 {
		return other
	}
	n, err := strconv.ParseInt(b.spec.Args[1], 10, 64)
	if err != nil {
		return other
	}
	return n
}

func cat(b *sandbox) glovebox.Exit {
	if len(b.spec.Args) > 1 { // of the image's files it has none
		i := slices.IndexFunc(b.spec.Files, func(f glovebox.File) bool { return f.Path == b.spec.Args[1] })
		if i < 0 {
			return glovebox.Exit{Code: 1}
		}
		return b.print(b.out, string(b.spec.Files[i].Data.Reveal()))
	}
	in, err := b.stdin()
	if err == nil {
		defer in.Close()
		_, err = io.Copy(struct{ io.Writer }{b.out}, in)
	}
	if err != nil {
		return glovebox.Exit{Code: 1}
	}
	return glovebox.Exit{}
}

func sleep(b *sandbox) glovebox.Exit {
	if len(b.spec.Args) < 2 {
		return glovebox.Exit{Code: 1}
	}
	d, err := time.ParseDuration(b.spec.Args[1])
	if err != nil {
		if d, err = time.ParseDuration(b.spec.Args[1] + "s"); err != nil {
			_ = b.print(b.errs, fmt.Sprintf("sleep: %v\n", err))
			return glovebox.Exit{Code: 1}
		}
	}
	select {
	case <-time.After(d):
	case <-b.ctx.Done():
	}
	return glovebox.Exit{}
}

func spew(b *sandbox) glovebox.Exit {
	chunk := strings.Repeat("x", 32<<10)
	for left := b.number(0); left > 0; left -= int64(len(chunk)) {
		if e := b.print(b.out, chunk[:min(left, int64(len(chunk)))]); e.Code != 0 {
			return e
		}
	}
	return glovebox.Exit{}
}

func stubborn(b *sandbox) glovebox.Exit {
	b.print(b.out, "ready\n")
	<-b.ctx.Done()
	return glovebox.Exit{}
}

func polite(b *sandbox) glovebox.Exit {
	b.print(b.out, "ready\n")
	select {
	case <-b.term:
		b.print(b.out, "bye\n")
		return glovebox.Exit{Code: 3}
	case <-b.ctx.Done():
		return glovebox.Exit{}
	}
}

func limit(kind glovebox.Kind) func(*sandbox) glovebox.Exit {
	return func(*sandbox) glovebox.Exit { return glovebox.Exit{Code: 137, Signal: 9, Limit: kind} }
}
