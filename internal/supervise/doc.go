// Package supervise keeps the processes of one Glovebox alive and takes them
// down in order. It is process 1 of everything below it: a subreaper with one
// wait loop, which is the only place that ever waits for a child. Nothing else
// in the same process may use os/exec's Wait.
//
//	s, err := supervise.New(config)
//	s.Start(ctx, child)      waits until the child is ready, restarts it from then on
//	s.Stop(ctx)              the last started first, each with its grace
//	s.Close()                ends what is left, also orphans of the children
//
// Release lets go of a child that is to outlive the supervisor, and a later one
// takes it over by Child.Adopt.
//
// If the supervisor is killed, the kernel kills its children with it. What the
// children had started goes to init; that is for the next start to find.
package supervise
