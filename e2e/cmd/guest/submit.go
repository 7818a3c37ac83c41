package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// submit asks for one job after the other and prints the id of each that was
// accepted, after it was.
func submit(args []string) error {
	fs := flag.NewFlagSet("submit", flag.ContinueOnError)
	socket := fs.String("socket", "", "of the API")
	image := fs.String("image", "", "of the jobs")
	n := fs.Int("n", 1000, "how many jobs")
	pause := fs.Duration("pause", 0, "between two")
	if err := fs.Parse(args); err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", *socket)
		},
	}}
	for i := range *n {
		id, err := submitOne(client, *image, fs.Args())
		if err != nil {
			return fmt.Errorf("job %d: %w", i, err)
		}
		fmt.Println(id)
		time.Sleep(*pause)
	}
	return nil
}

func submitOne(client *http.Client, image string, cmd []string) (string, error) {
	body, err := json.Marshal(map[string]any{"containerImage": image, "cmd": cmd})
	if err != nil {
		return "", err
	}
	resp, err := client.Post("http://glovebox/v1/jobs", "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusAccepted {
		return "", fmt.Errorf("%s: %s", resp.Status, answer)
	}
	var job struct{ JobID string }
	if err := json.Unmarshal(answer, &job); err != nil || job.JobID == "" {
		return "", fmt.Errorf("accepted without an id: %s (%w)", answer, err)
	}
	return job.JobID, nil
}
