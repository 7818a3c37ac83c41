package api

import (
	"encoding/binary"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// maxHeaderList is what net/http makes of MaxHeaderBytes with HTTP/2, and tells
// callers: sum of names, values and 32 bytes for each field.
const maxHeaderList = maxHeader - 4<<10 + 320

// heads counts the headers of each request that comes over HTTP/2. It decodes
// them as net/http does after it, for a byte may stand for thousands.
type heads struct {
	other   bool // it is not HTTP/2
	preface int  // of it that came
	frames  frames
	decoder *hpack.Decoder

	stream uint32 // whose headers come
	skip   int    // of the payload, before them
	take   int    // of the payload, after that, theirs
	pad    bool   // the first byte of the payload says how much there is after them
	ends   bool   // they end with this frame
	room   int    // for the fields
	last   uint32 // stream of the last request
	over   bool
	broken bool // they cannot be decoded
}

// see goes on with p; it returns the stream whose headers are too long, if any.
func (h *heads) see(p []byte) (overlong uint32) {
	for len(p) > 0 && !h.other && !h.over && h.preface < len(http2.ClientPreface) {
		if p[0] != http2.ClientPreface[h.preface] {
			h.other = true
		}
		h.preface, p = h.preface+1, p[1:]
	}
	for len(p) > 0 && !h.other && !h.over && !h.broken {
		var payload []byte
		begins := h.frames.left == 0
		if payload, p = h.frames.next(p); len(payload) > 0 {
			h.payload(payload)
		} else if begins && h.frames.got == 0 {
			h.begin()
		}
		if h.ends && h.frames.whole() {
			h.end()
		}
	}
	if h.over {
		return h.stream
	}
	return 0
}

// begin looks at the head of a frame.
func (h *heads) begin() {
	f := &h.frames
	flags := http2.Flags(f.head[4])
	h.skip, h.take, h.pad, h.ends = 0, 0, false, false
	switch http2.FrameType(f.head[3]) {
	case http2.FrameHeaders:
		h.stream, h.room = binary.BigEndian.Uint32(f.head[5:])&(1<<31-1), maxHeaderList
		if h.pad = flags.Has(http2.FlagHeadersPadded); h.pad {
			h.skip++
		}
		if flags.Has(http2.FlagHeadersPriority) {
			h.skip += 5
		}
		if h.decoder == nil {
			h.decoder = hpack.NewDecoder(4096, h.field)
			h.decoder.SetMaxStringLength(maxHeaderList)
		}
	case http2.FrameContinuation:
		if h.decoder == nil {
			return // net/http does not take it
		}
	default:
		return
	}
	h.ends = flags.Has(http2.FlagHeadersEndHeaders)
	if h.take = f.left - h.skip; h.take > 2*h.room { // net/http would hang up
		h.over = true
	}
}

// payload takes a piece of a frame's payload.
func (h *heads) payload(p []byte) {
	if h.pad && h.skip > 0 {
		h.pad = false
		h.take -= int(p[0])
	}
	n := min(h.skip, len(p))
	h.skip, p = h.skip-n, p[n:]
	if n = min(h.take, len(p)); n <= 0 {
		return
	}
	h.take -= n
	if _, err := h.decoder.Write(p[:n]); err == hpack.ErrStringLength {
		h.over = true
	} else if err != nil {
		h.broken = true
	}
}

// end is that of a request's headers.
func (h *heads) end() {
	if h.decoder.Close() != nil {
		h.broken = true
	}
	if !h.over {
		h.last = max(h.last, h.stream)
	}
}

func (h *heads) field(f hpack.HeaderField) {
	if h.room -= int(f.Size()); h.room < 0 {
		h.over = true
	}
}
