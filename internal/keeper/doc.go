// Package keeper talks to the shim about who attends to it, so that sandboxes
// can outlive one service and be taken over by the next. The protocol is that
// of the package of the same name in the shim's module.
//
//	k, err := keeper.Find(ctx, socket, root)   what an earlier service has left
//	k.Attend(ctx, output)                      take it over; k is held from now on
//	keeper.Stay(ctx, socket, root, ids)        leave it behind
package keeper
