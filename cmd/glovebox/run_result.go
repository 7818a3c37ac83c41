package main

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/client"
)

// result turns a job's end into this program's: its exit code, or the fault.
func (r running) result(job client.Job) error {
	switch outcome := ended(job); outcome {
	case glovebox.StatusCompleted:
		if job.Result == nil {
			return glovebox.Errorf(glovebox.KindInternal, "%s completed without a result", job.ID)
		}
		if job.Result.ExitCode != 0 {
			return exitStatus(job.Result.ExitCode)
		}
		return nil
	case glovebox.StatusCancelled:
		if r.watch.first.Err() == nil { // not by us
			by := ""
			if job.Cancel != nil {
				by = " by " + job.Cancel.By
			}
			return glovebox.Errorf(glovebox.KindCancelled, "%s was cancelled%s", job.ID, by)
		}
		return exitStatus(glovebox.KindCancelled.Info().Exit)
	default:
		return faultOf(job)
	}
}

// ended is how a job came to its end, also after it was archived.
func ended(job client.Job) glovebox.Status {
	if job.Outcome != "" {
		return job.Outcome
	}
	return job.Status
}

// faultOf makes an error of why a job failed.
func faultOf(job client.Job) error {
	if job.Error == nil {
		return glovebox.Errorf(glovebox.KindInternal, "%s failed: %s", job.ID, job.Reason).Try("see: glovebox show %s", job.ID)
	}
	err := glovebox.Errorf(job.Error.Kind, "%s failed (%s): %s", job.ID, job.Reason, faultText(*job.Error))
	err.Hint = job.Error.Hint
	return err
}

func faultText(f wire.Fault) string {
	if f.Field != "" {
		return f.Field + ": " + f.Message
	}
	return f.Message
}

// maxCapture bounds what --json keeps of a stream.
const maxCapture = 16 << 20

// capture keeps a job's output for --json.
type capture struct{ stdout, stderr captured }

type captured struct {
	b   bytes.Buffer
	cut bool
}

// reset forgets what a former attempt wrote.
func (c *captured) reset() { *c = captured{} }

func (c *captured) Write(p []byte) (int, error) {
	keep := p[:min(len(p), maxCapture-c.b.Len())]
	c.cut = c.cut || len(keep) < len(p)
	_, _ = c.b.Write(keep) // never fails
	return len(p), nil
}

// jsonStream is one stream in --json.
type jsonStream struct {
	Text   *string `json:"text,omitempty"`
	Base64 *string `json:"base64,omitempty"`
	Cut    bool    `json:"cut,omitempty"`
}

func (c *captured) json() jsonStream {
	s := jsonStream{Cut: c.cut}
	if b := c.b.Bytes(); utf8.Valid(b) {
		text := string(b)
		s.Text = &text
	} else {
		text := base64.StdEncoding.EncodeToString(b)
		s.Base64 = &text
	}
	return s
}

// jsonRun is what `run --json` prints.
type jsonRun struct {
	client.Job
	Logs struct {
		Stdout jsonStream `json:"stdout"`
		Stderr jsonStream `json:"stderr"`
	} `json:"logs"`
}

func (c *capture) with(job client.Job) jsonRun {
	r := jsonRun{Job: job}
	r.Logs.Stdout, r.Logs.Stderr = c.stdout.json(), c.stderr.json()
	return r
}
