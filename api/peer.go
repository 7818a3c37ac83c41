package api

import (
	"context"
	"net"
	"net/http"
	"slices"
	"syscall"

	"glovebox"
	"glovebox/identity"
)

type peerKey struct{}

// peer is what the kernel says about the process at the other end.
type peer struct {
	uid uint32
	err error
}

// PeerUsers lets in processes of the given users, by the credentials that the
// kernel keeps for a unix socket. All of them are the local tenant. It needs a
// server made by NewServer, which takes the credentials when a connection is
// accepted.
func PeerUsers(uids ...int) Authenticator {
	return func(r *http.Request) (identity.Caller, error) {
		p, ok := r.Context().Value(peerKey{}).(peer)
		if !ok || p.err != nil {
			return identity.Caller{}, glovebox.Errorf(glovebox.KindUnauthorized, "the caller's user is not known").Try("connect through the unix socket")
		}
		if !slices.Contains(uids, int(p.uid)) {
			return identity.Caller{}, glovebox.Errorf(glovebox.KindDenied, "user %d may not use this glovebox", p.uid).
				Try("whoever runs the service lets you in by starting it with `glovebox up --operator-uid %d`", p.uid)
		}
		return identity.Operator(int(p.uid)), nil
	}
}

// isLocal says whether a request came over a unix socket.
func isLocal(r *http.Request) bool {
	_, ok := r.Context().Value(peerKey{}).(peer)
	return ok
}

// withPeer is an http.Server.ConnContext: it asks the kernel once for each
// connection.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	var p peer
	raw, err := u.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			var cred *syscall.Ucred
			if cred, p.err = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); p.err == nil {
				p.uid = cred.Uid
			}
		})
	}
	if err != nil {
		p.err = err
	}
	return context.WithValue(ctx, peerKey{}, p)
}
