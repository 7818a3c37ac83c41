package leftover

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Kinds of records: see shim/warden, which writes them.
const (
	recordFolder = 'd'
	recordFile   = 'f'
	recordEnd    = 'e'
	recordFailed = '!'

	maxFailedText = 512
)

// ErrFailed is that the sandbox could not go on.
var ErrFailed = errors.New("the sandbox says")

// Receive writes the archive of what comes as records. Errors: a's writer's,
// ErrMalformed, ErrFailed, io.ErrUnexpectedEOF if the records end too soon.
func Receive(from io.Reader, a *Archive) (leftOut int, err error) {
	r := bufio.NewReaderSize(from, copyBytes)
	for {
		kind, err := r.ReadByte()
		if err != nil {
			return 0, cut(err)
		}
		switch kind {
		case recordFolder, recordFile:
			err = receiveEntry(r, kind, a)
		case recordEnd:
			var left uint64
			if err := binary.Read(r, binary.BigEndian, &left); err != nil {
				return 0, cut(err)
			}
			return int(min(left, math.MaxInt32)), a.Close()
		case recordFailed:
			return 0, receiveFailure(r)
		default:
			err = fmt.Errorf("%w: a record of kind %q", ErrMalformed, kind)
		}
		if err != nil {
			return 0, err
		}
	}
}

func receiveEntry(r *bufio.Reader, kind byte, a *Archive) error {
	var head struct{ Mode, Length uint16 }
	if err := binary.Read(r, binary.BigEndian, &head); err != nil {
		return cut(err)
	}
	var size int64
	if kind == recordFile {
		if err := binary.Read(r, binary.BigEndian, &size); err != nil {
			return cut(err)
		}
	}
	name := make([]byte, head.Length)
	if _, err := io.ReadFull(r, name); err != nil {
		return cut(err)
	}
	if kind == recordFolder {
		return a.Folder(string(name), uint32(head.Mode))
	}
	return a.File(string(name), uint32(head.Mode), size, r)
}

func receiveFailure(r *bufio.Reader) error {
	var length uint16
	if err := binary.Read(r, binary.BigEndian, &length); err != nil {
		return cut(err)
	}
	text := make([]byte, min(length, maxFailedText))
	n, _ := io.ReadFull(r, text)
	return fmt.Errorf("%w: %q", ErrFailed, text[:n])
}

// cut is the error of records that end too soon.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
