package shimtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Collect has the shim put what the job has left into a named pipe, and returns
// its reading end.
func (k *Task) Collect(ctx context.Context) (*os.File, error) {
	path := filepath.Join(k.Bundle, fmt.Sprint("collect", nextID.Add(1)))
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, err
	}
	defer os.Remove(path)
	pipe, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := k.collectTo(ctx, path); err != nil {
		pipe.Close()
		return nil, err
	}
	return pipe, nil
}

func (k *Task) collectTo(ctx context.Context, path string) error {
	return k.shim.client.Call(ctx, "dev.glovebox.Collect", "Collect", &api.CheckpointTaskRequest{ID: k.ID, Path: path}, &emptypb.Empty{})
}

// Left is what a job has left: its files, and folders with a slash at the end,
// each with its mode and what is in it.
type Left struct {
	Order   []string
	Modes   map[string]uint16
	Files   map[string]string
	LeftOut uint64
}

// Left collects and reads.
func (k *Task) Left(t testing.TB) Left {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	pipe, err := k.Collect(ctx)
	must(t, err)
	defer pipe.Close()
	left, err := readLeft(pipe)
	must(t, err)
	return left
}

// readLeft reads records as shim/warden writes them.
func readLeft(from io.Reader) (l Left, err error) {
	l.Modes, l.Files = map[string]uint16{}, map[string]string{}
	for r := bufio.NewReader(from); ; {
		kind, err := r.ReadByte()
		if err != nil {
			return l, fmt.Errorf("it ends too soon: %w", err)
		}
		switch kind {
		case 'e':
			err := binary.Read(r, binary.BigEndian, &l.LeftOut)
			if _, more := r.ReadByte(); err == nil && !errors.Is(more, io.EOF) {
				err = errors.New("it goes on after its end")
			}
			return l, err
		case 'd', 'f':
			var head struct{ Mode, Length uint16 }
			var size int64
			err = binary.Read(r, binary.BigEndian, &head)
			if err == nil && kind == 'f' {
				err = binary.Read(r, binary.BigEndian, &size)
			}
			var text bytes.Buffer // which grows only as much as there is
			if err == nil {
				_, err = io.CopyN(&text, r, int64(head.Length)+size)
			}
			if err != nil {
				return l, err
			}
			name := string(text.Next(int(head.Length)))
			if kind == 'd' {
				name += "/"
			} else {
				l.Files[name] = text.String()
			}
			l.Order, l.Modes[name] = append(l.Order, name), head.Mode
		default:
			rest, _ := io.ReadAll(r)
			return l, fmt.Errorf("%q %.200q", kind, rest)
		}
	}
}
