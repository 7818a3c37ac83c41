package warden

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Files are written down as a list of them and then what is in them, one after
// the other: the length of the list as four bytes, big endian, the list as JSON,
// the bytes.

// FileHead is one file without what is in it.
type FileHead struct {
	Path string `json:"path"` // absolute and clean
	Mode uint32 `json:"mode"` // permissions
	Size int64  `json:"size"`
}

const maxFileList = 256 << 10

var errFileList = errors.New("not a list of files")

// ReadFileList reads a list of files, and returns where the bytes begin. What is
// wrong about it is not said, for it may have secrets in it.
func ReadFileList(from io.ReaderAt) (all []FileHead, at int64, err error) {
	var length [4]byte
	if _, err := from.ReadAt(length[:], 0); err != nil {
		return nil, 0, errFileList
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > maxFileList {
		return nil, 0, errFileList
	}
	text := make([]byte, n)
	if _, err := from.ReadAt(text, int64(len(length))); err != nil {
		return nil, 0, errFileList
	}
	if json.Unmarshal(text, &all) != nil || len(all) == 0 {
		return nil, 0, errFileList
	}
	for _, f := range all {
		if f.Size < 0 {
			return nil, 0, errFileList
		}
	}
	return all, int64(len(length)) + int64(n), nil
}

// writeFileList writes one down.
func writeFileList(to io.Writer, all []FileHead) error {
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if len(text) > maxFileList {
		return fmt.Errorf("a list of %d bytes", len(text))
	}
	_, err = to.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...))
	return err
}
