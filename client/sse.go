package client

import (
	"bufio"
	"bytes"
	"io"

	"glovebox/api/wire"
)

// message is one server-sent event. Its data is valid until the next.
type message struct {
	id   string
	kind wire.EventType
	data []byte
}

// eventReader reads server-sent events as this API writes them.
type eventReader struct {
	r    *bufio.Reader
	line []byte
	data []byte
}

func newEventReader(r io.Reader) *eventReader {
	return &eventReader{r: bufio.NewReaderSize(r, bufferSize)}
}

// next returns the next event. An answer that ends between events is io.EOF,
// one that ends within one is io.ErrUnexpectedEOF.
func (e *eventReader) next() (message, error) {
	var m message
	e.data = e.data[:0]
	for started := false; ; {
		line, err := e.readLine()
		if err == io.EOF && (started || len(line) > 0) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return message{}, err
		}
		if len(line) == 0 {
			if started {
				m.data = e.data
				return m, nil
			}
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "":
			continue // a comment, to keep the connection warm
		case "id":
			m.id = string(value)
		case "event":
			m.kind = wire.EventType(value)
		case "data":
			e.data = append(e.data, value...)
		}
		started = true
	}
}

// readLine returns a line without its end, however long.
func (e *eventReader) readLine() ([]byte, error) {
	e.line = e.line[:0]
	for {
		part, err := e.r.ReadSlice('\n')
		e.line = append(e.line, part...)
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return e.line, err
		}
		return bytes.TrimRight(e.line, "\r\n"), nil
	}
}
