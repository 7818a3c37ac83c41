package main

import (
	"context"
	"strings"

	"glovebox"
	"glovebox/client"
)

// lookBack is how many jobs are searched for the beginning of an id.
const lookBack = 1000

// jobID completes the beginning of a recent job's id, if it is that of one job
// only. What cannot be completed is returned as it is, for the server to judge.
func jobID(ctx context.Context, c *client.Client, id string) (string, error) {
	if id == "" || glovebox.ValidID(id[:1], id) {
		return id, nil
	}
	found, seen := "", 0
	for j, err := range c.List(ctx, client.Filter{PageSize: lookBack}) {
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(j.ID, id) {
			if found != "" {
				return "", glovebox.Errorf(glovebox.KindInvalid, "%q is the beginning of several jobs' ids", id).Try("give more of it")
			}
			found = j.ID
		}
		if seen++; seen == lookBack {
			break
		}
	}
	if found == "" {
		return id, nil
	}
	return found, nil
}
