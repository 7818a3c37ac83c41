package api

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// refuse2 answers the request on a stream of HTTP/2, and says that there will
// be no other. net/http has done with the connection.
func (c *headConn) refuse2(stream uint32) {
	_ = c.Conn.SetWriteDeadline(time.Now().Add(lingerTime)) // also of what is being written: the caller may not be reading
	c.write.Lock()
	defer c.write.Unlock()
	c.refusing = true
	var b bytes.Buffer
	f := http2.NewFramer(&b, nil)
	if !c.out.any {
		_ = f.WriteSettings()
	}
	a := refuseOverlong(c.h, c)
	if c.in.last < stream { // or these are the trailers of one that may be answered already
		body, _ := io.ReadAll(a.Body)
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: headerBlock(a), EndHeaders: true})
		_ = f.WriteData(stream, true, body)
	}
	_ = f.WriteGoAway(stream, http2.ErrCodeEnhanceYourCalm, nil)
	if !c.out.whole() {
		return // in the middle of another answer there is no place for this one
	}
	if _, err := c.Conn.Write(b.Bytes()); err == nil {
		if c.tls != nil {
			_ = c.tls.CloseWrite()
		}
		c.linger()
	}
}

// headerBlock encodes the headers of an answer. It stays out of the table that
// net/http's encoder shares with the caller.
func headerBlock(a *http.Response) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	field := func(name, value string) {
		_ = e.WriteField(hpack.HeaderField{Name: name, Value: value, Sensitive: true}) // a buffer takes everything
	}
	field(":status", strconv.Itoa(a.StatusCode))
	for name, values := range a.Header {
		for _, v := range values {
			field(strings.ToLower(name), v)
		}
	}
	return b.Bytes()
}
