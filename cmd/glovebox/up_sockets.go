package main

import (
	"errors"
	"io/fs"
	"net"
	"os"

	"glovebox"
	"glovebox/internal/instance"
)

// Names under which control inherits its sockets.
const (
	fileAPI  = "api"
	fileNode = "node"
)

// sockets are made by `up` and outlive control: who connects while control is
// started again simply waits, and control needs no right to make them.
type sockets struct {
	api, node         *net.UnixListener
	apiFile, nodeFile *os.File
}

// listen makes the sockets. Everybody may connect to the API; who is served is
// decided by the credentials that the kernel tells of the caller.
func listen(l instance.Layout) (*sockets, error) {
	s := &sockets{}
	var err error
	if s.api, s.apiFile, err = listenAt(l.API(), 0o666); err == nil {
		s.node, s.nodeFile, err = listenAt(l.Node(), 0o600)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func listenAt(path string, mode fs.FileMode) (*net.UnixListener, *os.File, error) {
	// What is there was left by a service that was killed: we hold the lock.
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, nil, glovebox.Errorf(glovebox.KindInternal, "remove an old socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, nil, glovebox.Errorf(glovebox.KindInternal, "listen at %s: %w", path, err)
	}
	f, err := l.File()
	if err == nil {
		err = os.Chmod(path, mode)
	}
	if err != nil {
		l.Close()
		return nil, nil, glovebox.Errorf(glovebox.KindInternal, "listen at %s: %w", path, err)
	}
	return l, f, nil
}

// close takes the sockets away, so that callers learn at once that nobody is
// there. It can be repeated.
func (s *sockets) close() {
	for _, l := range []*net.UnixListener{s.api, s.node} {
		if l != nil {
			l.Close()
		}
	}
	for _, f := range []*os.File{s.apiFile, s.nodeFile} {
		if f != nil {
			f.Close()
		}
	}
}
