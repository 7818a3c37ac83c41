package client

import (
	"bufio"
	"context"
	"io"
	"sync"
	"time"

	"glovebox"
)

// ReadyLine is what a command that is to be saved prints on stdout, alone on a
// line, when it has prepared all and waits.
const ReadyLine = "glovebox: ready"

// cancelTime bounds how long a preparation that failed is cleared away.
const cancelTime = 30 * time.Second

// PrepareTemplate runs a job, saves it as a template once it has printed
// ReadyLine, and ends it in that state. What it prints before goes to progress.
// The job has a stdin that stays empty, so it may wait for a line of it, as jobs
// that go on from the template may have one then. r says what the template is;
// its Image and From are the job's. Whatever comes of it, the job is over.
//
// KindConflict on "prepare" if the command ends before it is ready, and what
// Submit and CreateTemplate may say.
func (c *Client) PrepareTemplate(ctx context.Context, r TemplateRequest, spec glovebox.Spec, progress io.Writer) (Template, error) {
	spec.StdinStream = true
	job, err := c.Submit(ctx, spec, "")
	if err != nil {
		return Template{}, err
	}
	defer func() {
		over, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelTime)
		defer cancel()
		if _, err := c.Cancel(over, job.ID); err == nil {
			_, _ = c.Wait(over, job.ID, Ended)
		}
	}()
	ready, err := c.untilReady(ctx, job.ID, &oneByOne{w: progress})
	if err != nil {
		return Template{}, err
	}
	if !ready {
		return Template{}, c.neverReady(ctx, job.ID)
	}
	r.Image, r.From, r.End = "", job.ID, true
	return c.CreateTemplate(ctx, r)
}

// untilReady passes on what a job prints, until the line or the end.
func (c *Client) untilReady(ctx context.Context, id string, progress io.Writer) (ready bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var errs sync.WaitGroup
	defer errs.Wait()
	defer cancel()
	errs.Go(func() {
		if r, err := c.Output(ctx, id, Stderr, OutputOptions{Follow: true}); err == nil {
			defer r.Close()
			_, _ = io.Copy(progress, r)
		}
	})
	out, err := c.Output(ctx, id, Stdout, OutputOptions{Follow: true})
	if err != nil {
		return false, err
	}
	defer out.Close()
	lines, whole := bufio.NewReader(out), true
	for {
		line, more, err := lines.ReadLine()
		switch {
		case err == io.EOF:
			return false, nil
		case err != nil:
			return false, err
		case whole && !more && string(line) == ReadyLine:
			return true, nil
		}
		if whole = !more; whole {
			line = append(line, '\n')
		}
		if _, err := progress.Write(line); err != nil {
			return false, err
		}
	}
}

// neverReady says how a command ended that did not say that it is ready.
func (c *Client) neverReady(ctx context.Context, id string) error {
	job, err := c.Wait(ctx, id, Ended)
	switch {
	case err != nil:
		return err
	case job.Error != nil:
		return glovebox.Errorf(job.Error.Kind, "the command that prepares: %s", job.Error.Message).On("prepare").Try("%s", job.Error.Hint)
	}
	code := 0
	if job.Result != nil {
		code = job.Result.ExitCode
	}
	return glovebox.Errorf(glovebox.KindConflict, "the command ended with %d before it was ready to be saved", code).On("prepare").
		Try("have it print %q on a line of its own when all is prepared, and then wait", ReadyLine)
}

// oneByOne lets two streams write to one.
type oneByOne struct {
	mu sync.Mutex
	w  io.Writer
}

func (o *oneByOne) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.w.Write(p)
}
