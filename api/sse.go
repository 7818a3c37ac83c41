package api

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"sync"
	"time"

	"glovebox/api/wire"
)

const (
	eventType = "text/event-stream"
	pingTime  = 15 * time.Second // a comment this often shows both ends that the other is there
)

// sse writes server-sent events. It is safe for concurrent use; a caller that
// reads slowly holds the writers up, and nothing else.
type sse struct {
	mu      sync.Mutex
	w       http.ResponseWriter
	control *http.ResponseController
	buf     []byte
}

func newSSE(w http.ResponseWriter) *sse {
	return &sse{w: w, control: http.NewResponseController(w)}
}

// begin sends the headers at once.
func (s *sse) begin() error {
	s.w.Header().Set("Content-Type", eventType)
	s.w.WriteHeader(http.StatusOK)
	return s.control.Flush()
}

// send writes one event whose data is v as JSON. id may be empty.
func (s *sse) send(t wire.EventType, id string, v any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head(t, id)
	s.buf = append(s.buf, encode(v)...) // ends in a newline, has no other
	return s.out()
}

// problem writes an error event.
func (s *sse) problem(err error) error {
	p := problemOf(err)
	p.RequestID = s.w.Header().Get(headerRequestID)
	return s.send(wire.EventError, "", p)
}

// data writes one event of output bytes: wire.Data, without the detour.
func (s *sse) data(t wire.EventType, id string, offset int64, p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head(t, id)
	s.buf = append(s.buf, `{"offset":`...)
	s.buf = strconv.AppendInt(s.buf, offset, 10)
	s.buf = append(s.buf, `,"data":"`...)
	s.buf = base64.StdEncoding.AppendEncode(s.buf, p)
	s.buf = append(s.buf, "\"}\n"...)
	return s.out()
}

// ping writes a comment.
func (s *sse) ping() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf = append(s.buf[:0], ':')
	s.buf = append(s.buf, '\n')
	return s.out()
}

func (s *sse) head(t wire.EventType, id string) {
	s.buf = append(s.buf[:0], "event: "...)
	s.buf = append(s.buf, t...)
	if id != "" {
		s.buf = append(s.buf, "\nid: "...)
		s.buf = append(s.buf, id...)
	}
	s.buf = append(s.buf, "\ndata: "...)
}

// out ends the event and sends it.
func (s *sse) out() error {
	s.buf = append(s.buf, '\n')
	_ = s.control.SetWriteDeadline(time.Now().Add(pieceTime)) // not every writer has deadlines
	if _, err := s.w.Write(s.buf); err != nil {
		return err
	}
	return s.control.Flush()
}
