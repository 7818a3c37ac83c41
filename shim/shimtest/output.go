package shimtest

import (
	"bytes"
	"os"
	"syscall"
	"time"
)

// Output collects what comes out of one pipe.
type Output struct {
	// First is closed at the first byte, which came at FirstAt.
	First   chan struct{}
	FirstAt time.Time

	pipe *os.File
	done chan struct{}
	buf  bytes.Buffer
}

func openOutput(path string) (*Output, error) {
	pipe, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return &Output{First: make(chan struct{}), pipe: pipe, done: make(chan struct{})}, nil
}

func (o *Output) collect() {
	defer close(o.done)
	defer o.pipe.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := o.pipe.Read(buf)
		if n > 0 && o.FirstAt.IsZero() {
			o.FirstAt = time.Now()
			close(o.First)
		}
		o.buf.Write(buf[:n])
		if err != nil {
			return
		}
	}
}

// Bytes waits for the end and returns everything.
func (o *Output) Bytes() []byte {
	<-o.done
	return o.buf.Bytes()
}

// String is Bytes as a string.
func (o *Output) String() string { return string(o.Bytes()) }
