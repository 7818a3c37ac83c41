package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"glovebox"
	"glovebox/internal/instance"
	"glovebox/output"
	"glovebox/receipt"
)

// openReceipts opens what signs receipts, whose key is made at the first start.
// Where the file of public keys cannot be written, receipts are given all the
// same: the keys are also served.
func openReceipts(l instance.Layout, records glovebox.Records, blobs glovebox.Blobs, logs *output.Logs, log *slog.Logger) (receipt.Desk, error) {
	keys, err := receipt.OpenKeys(l.ReceiptKeys())
	if err != nil {
		return receipt.Desk{}, err
	}
	publish := func(all []receipt.Key) {
		if err := rewrite(l.ReceiptPublic(), receipt.MarshalKeys(all)); err != nil {
			log.Warn("the public keys of receipts are not where people look for them", "file", l.ReceiptPublic(), "error", err)
		}
	}
	publish(keys.Public())
	return receipt.Desk{
		Issuer:  &receipt.Issuer{Keys: keys, Blobs: blobs, Source: jobStreams{logs}},
		Records: records, Now: time.Now, Publish: publish,
	}, nil
}

// rewrite gives a file its content in its place: control may write to it, and
// not to the folder that it is in.
func rewrite(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if old, err := io.ReadAll(io.LimitReader(f, 1<<20)); err == nil && bytes.Equal(old, text) {
		return nil
	}
	_, err = f.WriteAt(text, 0)
	return errors.Join(err, f.Truncate(int64(len(text))), f.Sync())
}

// jobStreams is the output of jobs as receipts read it.
type jobStreams struct{ logs *output.Logs }

// Open implements receipt.Source.
func (s jobStreams) Open(ctx context.Context, job string, attempt int, stream string) (io.ReadCloser, error) {
	return s.logs.Follow(ctx, job, attempt, output.Stream(stream), 0, false)
}
