package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"glovebox"
	"glovebox/internal/nodev1"
	"glovebox/internal/nodev1/nodev1connect"
)

// testControl is the other side of the protocol: a list of orders, and memory
// for what nodes tell and ship.
type testControl struct {
	nodev1connect.UnimplementedNodeServiceHandler
	mu       sync.Mutex
	revision int
	orders   map[string]*nodev1.Order
	warm     *nodev1.Templates
	saves    []*nodev1.Save
	have     map[string]*nodev1.Sandbox
	reqs     []*nodev1.SyncRequest
	run      string
	sequence uint64
	changed  chan struct{} // closed and replaced at every change

	outputs  map[string]*[streams]bytes.Buffer
	base     map[string][2]int64 // bytes that a restarted control forgot
	discard  bool                // count only
	counts   map[string]*[streams]int64
	arrived  func(id string, c *nodev1.OutputChunk)
	shipErr  func(c *nodev1.OutputChunk) error
	blobErr  func(n int) error // for the n-th call
	blobs    map[string][]byte
	blobCall int
	files    map[string][]byte // input files, by digest
	fileErr  func(n int) error // for the n-th piece that is sent
	filesAt  []int64           // offsets asked for
	stdin    map[string]*input
	stdinAt  []int64 // offsets asked for

	syncErr atomic.Pointer[connect.Error]
	server  *http.Server
	served  sync.WaitGroup
}

type input struct {
	data  []byte
	ended bool
	cut   int64 // break a call off after so many bytes; 0 = never
}

func newTestControl() *testControl {
	return &testControl{orders: map[string]*nodev1.Order{}, have: map[string]*nodev1.Sandbox{}, changed: make(chan struct{}),
		outputs: map[string]*[streams]bytes.Buffer{}, base: map[string][2]int64{}, counts: map[string]*[streams]int64{},
		blobs: map[string][]byte{}, stdin: map[string]*input{}}
}

// serve listens at socket until close.
func (c *testControl) serve(socket string) error {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	_, h := nodev1connect.NewNodeServiceHandler(c)
	c.server = &http.Server{Handler: h, Protocols: new(http.Protocols), HTTP2: HTTP2()}
	c.server.Protocols.SetUnencryptedHTTP2(true)
	c.served.Go(func() { _ = c.server.Serve(l) })
	return nil
}

func (c *testControl) close() {
	c.server.Close()
	c.served.Wait()
}

func (c *testControl) change(f func()) {
	c.mu.Lock()
	f()
	close(c.changed)
	c.changed = make(chan struct{})
	c.mu.Unlock()
}

func (c *testControl) order(o *nodev1.Order) {
	c.change(func() {
		c.revision++
		c.orders[glovebox.SandboxID(o.GetJob(), int(o.GetAttempt()))] = o
	})
}

func (c *testControl) drop(id string) {
	c.change(func() {
		c.revision++
		delete(c.orders, id)
	})
}

func (c *testControl) stop(id string, grace time.Duration) {
	c.change(func() {
		c.revision++
		o := c.orders[id]
		c.orders[id] = &nodev1.Order{Job: o.Job, Attempt: o.Attempt, Work: o.Work, Stop: true, Grace: duration(grace)}
	})
}

func (c *testControl) Sync(ctx context.Context, req *connect.Request[nodev1.SyncRequest]) (*connect.Response[nodev1.SyncResponse], error) {
	if err := c.syncErr.Load(); err != nil {
		return nil, err
	}
	late := false
	c.change(func() {
		if late = c.run == req.Msg.GetRun() && c.sequence >= req.Msg.GetSequence(); late {
			return
		}
		c.run, c.sequence = req.Msg.GetRun(), req.Msg.GetSequence()
		c.reqs = append(c.reqs, req.Msg)
		c.have = map[string]*nodev1.Sandbox{}
		for _, s := range req.Msg.GetHave() {
			c.have[glovebox.SandboxID(s.GetJob(), int(s.GetAttempt()))] = s
		}
	})
	if late {
		return nil, connect.NewError(connect.CodeAborted, errors.New("a later call has come in"))
	}
	hold := time.After(10 * time.Second)
	for {
		c.mu.Lock()
		revision, changed := fmt.Sprint(req.Msg.GetRun(), c.revision), c.changed
		want, warm, saves := slices.Collect(maps.Values(c.orders)), c.warm, c.saves
		c.mu.Unlock()
		if revision != req.Msg.GetKnownRevision() {
			return connect.NewResponse(&nodev1.SyncResponse{Revision: revision, Want: want, CallAgain: duration(30 * time.Second), Templates: warm, Saves: saves}), nil
		}
		select {
		case <-changed:
		case <-hold:
			return connect.NewResponse(&nodev1.SyncResponse{Revision: revision, Want: want, CallAgain: duration(30 * time.Second), Templates: warm, Saves: saves}), nil
		case <-ctx.Done():
			return nil, connect.NewError(connect.CodeCanceled, ctx.Err())
		}
	}
}

func (c *testControl) ShipOutput(ctx context.Context, s *connect.BidiStream[nodev1.OutputChunk, nodev1.OutputAck]) error {
	first, err := s.Receive()
	if err != nil {
		return err
	}
	id := glovebox.SandboxID(first.GetJob(), int(first.GetAttempt()))
	if err := s.Send(c.acked(id)); err != nil {
		return err
	}
	for {
		chunk, err := s.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := c.keep(id, chunk); err != nil {
			return err
		}
		if err := s.Send(c.acked(id)); err != nil {
			return err
		}
	}
}

func (c *testControl) acked(id string) *nodev1.OutputAck {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.sizes(id)
	return &nodev1.OutputAck{Stdout: n[0], Stderr: n[1], Events: n[2], Artifacts: n[3], ArtifactsIndex: n[4]}
}

func (c *testControl) sizes(id string) *[streams]int64 {
	if c.counts[id] == nil {
		c.counts[id] = &[streams]int64{}
		c.outputs[id] = &[streams]bytes.Buffer{}
	}
	return c.counts[id]
}

func (c *testControl) keep(id string, chunk *nodev1.OutputChunk) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shipErr != nil {
		if err := c.shipErr(chunk); err != nil {
			return err
		}
	}
	if c.arrived != nil {
		c.arrived(id, chunk)
	}
	i := slices.Index(wireStreams[:], chunk.GetStream())
	n := c.sizes(id)
	if chunk.GetOffset() > n[i] {
		return connect.NewError(connect.CodeFailedPrecondition, fmt.Errorf("gap: %d after %d", chunk.GetOffset(), n[i]))
	}
	data := chunk.GetData()
	if skip := n[i] - chunk.GetOffset(); skip > int64(len(data)) {
		return nil
	} else {
		data = data[skip:]
	}
	if !c.discard {
		c.outputs[id][i].Write(data)
	}
	n[i] += int64(len(data))
	return nil
}

// forget makes control lose what it stored of id, as if it had n bytes.
func (c *testControl) forget(id string, n int64) {
	c.change(func() {
		c.counts[id] = &[streams]int64{n}
		c.outputs[id] = &[streams]bytes.Buffer{}
	})
}

func (c *testControl) ReadStdin(ctx context.Context, req *connect.Request[nodev1.ReadStdinRequest], s *connect.ServerStream[nodev1.DataChunk]) error {
	id := glovebox.SandboxID(req.Msg.GetJob(), int(req.Msg.GetAttempt()))
	at := req.Msg.GetOffset()
	c.change(func() { c.stdinAt = append(c.stdinAt, at) })
	sent := int64(0)
	for {
		c.mu.Lock()
		in, changed := c.stdin[id], c.changed
		var data []byte
		ended := in != nil && in.ended
		cut := int64(0)
		if in != nil {
			data = in.data[at:min(int64(len(in.data)), at+64<<10)]
			cut = in.cut
		}
		c.mu.Unlock()
		switch {
		case cut > 0 && sent >= cut:
			return connect.NewError(connect.CodeUnavailable, errors.New("broken off"))
		case len(data) > 0:
			if err := s.Send(&nodev1.DataChunk{Data: data}); err != nil {
				return err
			}
			at += int64(len(data))
			sent += int64(len(data))
		case ended:
			return nil
		default:
			select {
			case <-changed:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

func (c *testControl) ReadFile(_ context.Context, req *connect.Request[nodev1.ReadFileRequest], s *connect.ServerStream[nodev1.DataChunk]) error {
	c.mu.Lock()
	c.filesAt = append(c.filesAt, req.Msg.GetOffset())
	b, fail := c.files[req.Msg.GetDigest()], c.fileErr
	c.mu.Unlock()
	if b == nil {
		return connect.NewError(connect.CodeNotFound, errors.New("no such file"))
	}
	for b = b[req.Msg.GetOffset():]; len(b) > 0; {
		if fail != nil {
			c.mu.Lock()
			err := fail(len(c.filesAt))
			c.mu.Unlock()
			if err != nil {
				return err
			}
		}
		k := min(len(b), 10_000)
		if err := s.Send(&nodev1.DataChunk{Data: b[:k]}); err != nil {
			return err
		}
		b = b[k:]
	}
	return nil
}

func (c *testControl) ReadBlob(_ context.Context, req *connect.Request[nodev1.ReadBlobRequest], s *connect.ServerStream[nodev1.DataChunk]) error {
	c.mu.Lock()
	c.blobCall++
	n, b, fail := c.blobCall, c.blobs[req.Msg.GetDigest()], c.blobErr
	c.mu.Unlock()
	if b == nil {
		return connect.NewError(connect.CodeNotFound, errors.New("no such blob"))
	}
	b = b[req.Msg.GetOffset():]
	for len(b) > 0 {
		k := min(len(b), 10_000)
		if err := s.Send(&nodev1.DataChunk{Data: b[:k]}); err != nil {
			return err
		}
		b = b[k:]
		if fail != nil {
			if err := fail(n); err != nil {
				return err
			}
		}
	}
	return nil
}
