package client_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"glovebox/api/apitest"
	"glovebox/client"
	"glovebox/output"
)

// TestQuietJob: a reader of a job that was silent for longer than the client's
// patience goes on when control restarts: the patience counts from the break.
func TestQuietJob(t *testing.T) {
	s := apitest.Start(t)
	c := client.New(client.Options{Socket: s.Socket, Patience: 1100 * time.Millisecond})
	t.Cleanup(c.Close)
	id := submit(t, c)
	s.Place(id)
	r, err := c.Output(t.Context(), id, client.Stdout, client.OutputOptions{Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		time.Sleep(1300 * time.Millisecond)
		s.Kill()
		s.Up(t)
		s.Write(t, id, output.Stdout, []byte("late"))
		s.Finish(t, id, 0)
	}()
	var got bytes.Buffer
	if _, err := io.Copy(&got, r); err != nil || got.String() != "late" {
		t.Errorf("%q, %v", got.String(), err)
	}
}
