package supervise

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// Log formats of Config.Format.
const (
	FormatText = "text" // "name | line"
	FormatJSON = "json" // one object a line, with "process"
)

// maxLine bounds what one line may take; the rest of a longer one is dropped.
const maxLine = 16 << 10

// printer writes lines of several processes to one place, whole.
type printer struct {
	mu     sync.Mutex
	w      io.Writer
	format string
}

func (p *printer) print(process string, line []byte) {
	b := p.encode(process, line)
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = p.w.Write(b) // nobody is left to tell
}

func (p *printer) encode(process string, line []byte) []byte {
	if p.format != FormatJSON {
		b := append([]byte(process), " | "...)
		return append(append(b, line...), '\n')
	}
	name, _ := json.Marshal(process)
	head := append([]byte(`{"process":`), name...)
	if len(line) > 2 && line[0] == '{' && json.Valid(line) {
		return append(append(append(head, ','), line[1:]...), '\n')
	}
	rest, _ := json.Marshal(struct {
		Time time.Time `json:"time"`
		Msg  string    `json:"msg"`
	}{time.Now().UTC(), string(line)})
	return append(append(append(head, ','), rest[1:]...), '\n')
}

// pipe is where every run of one child writes; it outlives each of them.
type pipe struct {
	r, w *os.File
	done chan struct{}
}

func (p *printer) open(process string) (*pipe, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	o := &pipe{r: r, w: w, done: make(chan struct{})}
	go func() {
		defer close(o.done)
		defer r.Close()
		p.copy(process, r)
	}()
	return o, nil
}

func (p *printer) copy(process string, r io.Reader) {
	lines := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := lines.ReadSlice('\n')
		if n := len(line); n > 0 && line[n-1] == '\n' {
			line = line[:n-1]
		}
		if len(line) > 0 {
			p.print(process, line)
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = lines.ReadSlice('\n')
		}
		if err != nil {
			return
		}
	}
}

// close passes on what the child's last words were. A process that the child
// left behind may still hold the pipe, so it does not wait for ever.
func (o *pipe) close() {
	o.w.Close()
	_ = o.r.SetReadDeadline(time.Now().Add(time.Second))
	<-o.done
}
