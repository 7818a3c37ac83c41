package main

import (
	"bytes"
	"context"
	"io"

	"glovebox"
	"glovebox/output"
	"glovebox/receipt"
)

// jobOutput is what the orchestrator and the provider need of the logs.
type jobOutput struct{ logs *output.Logs }

func (o jobOutput) Append(ctx context.Context, job string, attempt int, stream string, offset int64, p []byte) (int64, error) {
	return o.logs.Append(ctx, job, attempt, output.Stream(stream), offset, p)
}

func (o jobOutput) Sizes(ctx context.Context, job string, attempt int) (glovebox.StreamSizes, error) {
	s, err := o.logs.Sizes(ctx, job, attempt)
	return s.Written(), err
}

func (o jobOutput) Seal(ctx context.Context, job string, attempt int) error {
	if err := o.logs.ForgetBefore(ctx, job, attempt); err != nil {
		return err
	}
	return o.logs.Seal(ctx, job, attempt)
}

// Forget removes all of a job that is among the blobs.
func (o jobOutput) Forget(ctx context.Context, job string) error {
	return o.logs.Forget(ctx, job, receipt.Prefix(job))
}

func (o jobOutput) SealArtifacts(ctx context.Context, job string, attempt int, limit int64) (*glovebox.Artifacts, error) {
	return o.logs.SealArtifacts(ctx, job, attempt, limit)
}

// PutStdin stores an input that came with the request.
func (o jobOutput) PutStdin(ctx context.Context, job string, p []byte) error {
	if len(p) > 0 {
		if _, err := o.logs.Append(ctx, job, 0, output.Stdin, 0, p); err != nil {
			return err
		}
	}
	return o.logs.SealStream(ctx, job, 0, output.Stdin)
}

// Stdin passes on an input as it arrives, until its end.
func (o jobOutput) Stdin(ctx context.Context, job string, offset int64, send func([]byte) error) error {
	r, err := o.logs.Follow(ctx, job, 0, output.Stdin, offset, true)
	if err != nil {
		return err
	}
	defer r.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if err := send(bytes.Clone(buf[:n])); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
