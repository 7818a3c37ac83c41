package api

// frames follows frames of HTTP/2 through the pieces that they come in.
type frames struct {
	head [9]byte
	got  int // of head
	left int // of the payload
	any  bool
}

// whole says whether the last frame is complete.
func (f *frames) whole() bool { return f.got == 0 && f.left == 0 }

// see goes on with p.
func (f *frames) see(p []byte) {
	for len(p) > 0 {
		_, p = f.next(p)
	}
}

// next takes from p the rest of a frame's head, or what there is of its
// payload, which it returns.
func (f *frames) next(p []byte) (payload, rest []byte) {
	if f.left > 0 {
		n := min(f.left, len(p))
		f.left -= n
		return p[:n], p[n:]
	}
	n := copy(f.head[f.got:], p)
	if f.got += n; f.got == len(f.head) {
		f.got, f.any = 0, true
		f.left = int(f.head[0])<<16 | int(f.head[1])<<8 | int(f.head[2])
	}
	return nil, p[n:]
}
