package local

import (
	"context"
	"errors"
	"net/http"

	"glovebox/internal/nodev1/nodev1connect"

	"connectrpc.com/connect"
)

// Identify proves which node a request comes from: by the peer credentials of
// the unix socket, later by the client certificate.
type Identify func(*http.Request) (node string, err error)

type nodeKey struct{}

// Handler serves the agent protocol to nodes that identify proves. A node can
// only speak of itself and of the orders it was given.
func (p *Provider) Handler(identify Identify) http.Handler {
	path, h := nodev1connect.NewNodeServiceHandler(p, connect.WithReadMaxBytes(maxMessage))
	mux := http.NewServeMux()
	mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		name, err := identify(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), nodeKey{}, name)))
	})
	return mux
}

// maxMessage bounds one message of a node. A list of 1,000 sandboxes, each
// with some residue, is far below it.
const maxMessage = 8 << 20

// caller is the node that a request was proven to come from.
func caller(ctx context.Context) string {
	name, _ := ctx.Value(nodeKey{}).(string)
	return name
}

var errOtherNode = connect.NewError(connect.CodePermissionDenied, errors.New("a node speaks only of itself"))
