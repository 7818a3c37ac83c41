package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"glovebox"
	"glovebox/client"
)

// maxEvent bounds one event in its lines: a profile is the longest.
const maxEvent = 1 << 20

// events prints what the filter decided about a job and what the watch found: a
// line for people each, or as it is kept, a line of JSON each.
func (a *app) events(ctx context.Context, c *client.Client, id string, f logsFlags) error {
	r, err := c.Output(ctx, id, client.Events, client.OutputOptions{Offset: f.offset, Follow: f.follow})
	if err != nil {
		return err
	}
	defer r.Close()
	if f.json {
		_, err = io.Copy(a.stdout, r)
		return err
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		var e glovebox.NetEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return glovebox.Errorf(glovebox.KindInternal, "an event cannot be read: %w", err)
		}
		if _, err := fmt.Fprintln(a.stdout, inert(eventText(e))); err != nil {
			return err
		}
	}
	return lines.Err()
}

// eventText is an event in one line.
func eventText(e glovebox.NetEvent) string {
	switch {
	case e.Type == glovebox.NetFinding && e.Finding != nil:
		return e.At.UTC().Format(time.RFC3339Nano) + " " + e.Type + " " + findingText(*e.Finding)
	case e.Type == glovebox.NetProfile && e.Profile != nil:
		return e.At.UTC().Format(time.RFC3339Nano) + " " + e.Type + " " + profileText(*e.Profile)
	}
	verdict := "refused"
	if e.Allowed {
		verdict = "allowed"
	}
	text := []string{e.At.UTC().Format(time.RFC3339Nano), verdict, e.Type}
	for _, part := range []string{e.Proto, e.Name, e.Address, e.Method, e.Path} {
		if part != "" {
			text = append(text, part)
		}
	}
	if e.Rule != "" {
		text = append(text, "rule="+e.Rule)
	}
	if e.Reason != "" {
		text = append(text, "reason="+e.Reason)
	}
	if e.Type == glovebox.NetClose {
		text = append(text, fmt.Sprintf("sent=%d received=%d", e.Sent, e.Got))
	}
	if e.Missed > 0 {
		text = append(text, fmt.Sprintf("missed=%d", e.Missed))
	}
	return strings.Join(text, " ")
}
