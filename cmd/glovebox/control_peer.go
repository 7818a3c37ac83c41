package main

import (
	"context"
	"net"
	"net/http"

	"golang.org/x/sys/unix"

	"glovebox"
)

type peerUID struct{}

// withPeerUID is an http.Server.ConnContext that asks the kernel who connected.
func withPeerUID(ctx context.Context, c net.Conn) context.Context {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return ctx
	}
	_ = raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			ctx = context.WithValue(ctx, peerUID{}, int(cred.Uid))
		}
	})
	return ctx
}

// identifyNode lets root be the local node, and nobody else.
func identifyNode(r *http.Request) (string, error) {
	if uid, ok := r.Context().Value(peerUID{}).(int); ok && uid == 0 {
		return localNode, nil
	}
	return "", glovebox.Errorf(glovebox.KindDenied, "only root can be this machine's node")
}
