package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"time"

	"glovebox"
	"glovebox/client"
)

// patience is how long a pipe may take to show that it is short. Whoever takes
// longer is streamed, which costs one more request.
const patience = 20 * time.Millisecond

// input is a job's stdin: none, known whole, or a beginning and more to come.
type input struct {
	whole []byte
	more  io.Reader // nil if whole is all
}

// input looks at our stdin without waiting for it: a pipe that nobody ever
// closes, as some CI systems have it, must not keep a job from running.
func (a *app) input(f runFlags) (input, error) {
	if f.noStdin || f.detach && !f.interactive || isTerminal(a.stdin) && !f.interactive {
		return input{}, nil
	}
	st, err := a.stdin.Stat()
	if err != nil {
		return input{}, nil // closed: there is no stdin
	}
	if st.Mode().IsRegular() || isNull(st) {
		return readInput(a.stdin, glovebox.MaxInlineStdin)
	}
	if isTerminal(a.stdin) {
		return input{more: a.stdin}, nil
	}
	return peekInput(a.stdin), nil
}

func isNull(st os.FileInfo) bool {
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(st, null)
}

// readInput reads up to most bytes; what is longer goes on as a stream.
func readInput(r io.Reader, most int) (input, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err != nil {
		return input{}, glovebox.Errorf(glovebox.KindInvalid, "read stdin: %w", err)
	}
	if len(b) > most {
		return input{more: io.MultiReader(bytes.NewReader(b), r)}, nil
	}
	return input{whole: b}, nil
}

// peekInput gives a pipe a moment to be over.
func peekInput(r io.Reader) input {
	pieces := &pieces{next: make(chan []byte)}
	go pieces.read(r)
	late := time.After(patience)
	var head []byte
	for len(head) < peekSize {
		select {
		case p, more := <-pieces.next:
			if !more && pieces.err == io.EOF {
				return input{whole: head}
			}
			if !more {
				return input{more: io.MultiReader(bytes.NewReader(head), pieces)}
			}
			head = append(head, p...)
		case <-late:
			return input{more: io.MultiReader(bytes.NewReader(head), pieces)}
		}
	}
	return input{more: io.MultiReader(bytes.NewReader(head), pieces)}
}

// peekSize is how much a short pipe may hold.
const peekSize = 256 << 10

// pieces is a reader that somebody else can stop waiting for.
type pieces struct {
	next chan []byte // closed at the end
	err  error       // set before that
	rest []byte
}

func (p *pieces) read(r io.Reader) {
	defer close(p.next)
	for {
		buf := make([]byte, 64<<10)
		n, err := r.Read(buf)
		if n > 0 {
			p.next <- buf[:n]
		}
		if err != nil {
			p.err = err
			return
		}
	}
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		next, more := <-p.next
		if !more {
			return 0, p.err
		}
		p.rest = next
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// describe says in the spec what will come.
func (in input) describe(s *glovebox.Spec) { s.Stdin, s.StdinStream = in.whole, in.more != nil }

// feed sends what did not go with the request.
func (in input) feed(ctx context.Context, c *client.Client, id string) error {
	if in.more == nil {
		return nil
	}
	_, err := c.AppendStdin(ctx, id, 0, in.more, true)
	return err
}
