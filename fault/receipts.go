package fault

import (
	"context"

	"glovebox"
)

// Notary is how an orchestrator has receipts signed.
type Notary interface {
	Issue(ctx context.Context, job glovebox.Job) (glovebox.ReceiptRef, error)
}

// Receipts makes the calls of a notary fail: "receipts.Issue".
func Receipts(p *Process, n Notary) Notary { return &notary{n, p} }

type notary struct {
	Notary
	p *Process
}

func (n *notary) Issue(ctx context.Context, job glovebox.Job) (glovebox.ReceiptRef, error) {
	return through(n.p, "receipts.Issue", func() (glovebox.ReceiptRef, error) { return n.Notary.Issue(ctx, job) })
}
