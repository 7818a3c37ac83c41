package own

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"glovebox"
	"glovebox/client"
	"glovebox/e2e/bench/contest"
	"glovebox/e2e/bench/rival"
)

// Contestant hands in an image's job. name tells it from others of the same
// kind and image; more changes the job, and may be nil.
func (s *Service) Contestant(name, what string, img rival.Image, more func(*glovebox.Spec)) *contest.Contestant {
	spec := glovebox.Spec{Image: img.Ref, Cmd: img.Args}
	if more != nil {
		more(&spec)
	}
	return &contest.Contestant{
		Key: name, What: what,
		Command: fmt.Sprintf("POST /v1/jobs, GET …/output?follow=true over TLS with token and proof (%s in %s)", strings.Join(img.Args, " "), img.Name),
		Run: func(ctx context.Context, _ int) (contest.Taken, error) {
			return s.submit(ctx, spec, img.Want, client.Ended)
		},
		Settle: s.settle,
	}
}

// Missing is a contestant of a kind that could not be started.
func Missing(name, what string, why error) *contest.Contestant {
	return &contest.Contestant{Key: name, What: what, Skipped: why.Error()}
}

// submit hands a job in, and reads its output until it is until.
func (s *Service) submit(ctx context.Context, spec glovebox.Spec, want string, until client.Until) (contest.Taken, error) {
	var taken contest.Taken
	began := time.Now()
	job, err := s.Client.Submit(ctx, spec, "")
	if err != nil {
		return taken, err
	}
	out, err := s.Client.Output(ctx, job.ID, client.Stdout, client.OutputOptions{Follow: true})
	if err != nil {
		return taken, err
	}
	defer out.Close()
	got := make([]byte, 1, 64)
	_, err = io.ReadFull(out, got)
	taken.First = time.Since(began)
	if err != nil {
		return taken, fmt.Errorf("job %s printed nothing: %w", job.ID, err)
	}
	rest, err := io.ReadAll(out)
	if err != nil {
		return taken, fmt.Errorf("output of job %s: %w", job.ID, err)
	}
	ended, err := s.Client.Wait(ctx, job.ID, until)
	taken.Exit = time.Since(began)
	if err != nil {
		return taken, fmt.Errorf("end of job %s: %w", job.ID, err)
	}
	taken.Warm = warm(ended)
	if taken.Warm && s.Kind == Cold {
		return taken, fmt.Errorf("job %s had a sandbox that waited, where none should", job.ID)
	}
	if got = append(got, rest...); string(got) != want || ended.Outcome != glovebox.StatusCompleted {
		return taken, fmt.Errorf("job %s is %s (%s, %+v) and printed %.100q", job.ID, ended.Outcome, ended.Reason, ended.Error, got)
	}
	return taken, nil
}

// warm says whether a job had a sandbox that waited.
func warm(j client.Job) bool { return j.Result != nil && j.Result.StartedFrom == glovebox.FromPool }

// settle waits until nothing is left of any job, and then until the pool has
// again what it has at least. Jobs that are not archived after a while are lost.
func (s *Service) settle(ctx context.Context) (int, error) {
	open := client.Filter{Statuses: []glovebox.Status{
		glovebox.StatusPending, glovebox.StatusProvisioning, glovebox.StatusRunning,
		glovebox.StatusCompleted, glovebox.StatusFailed, glovebox.StatusCancelled,
	}, PageSize: 100}
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		page, err := s.Client.Page(ctx, open, "")
		if err != nil {
			return 0, err
		}
		if len(page.Jobs) == 0 {
			return 0, s.filled(ctx)
		}
		if time.Now().After(end) {
			return len(page.Jobs), fmt.Errorf("%d jobs or more are not archived a minute later", len(page.Jobs))
		}
	}
}
