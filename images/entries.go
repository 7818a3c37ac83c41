package images

import (
	"archive/tar"
	"io"
	"math"
	"strings"
)

// checkTar reads a layer's archive and judges every entry by its header; what is
// in the files does not matter.
func (c Caps) checkTar(r io.Reader, spent *spender) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		spent.counted++
		if !spent.entries.spend(1) {
			return tooLarge("image has more than %d files", spent.entries.cap)
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue // names no file
		}
		if err := c.checkEntry(h); err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		spent.sized += h.Size
		if !spent.files.spend(h.Size) {
			return tooLarge("image has files of more than %d bytes", spent.files.cap)
		}
	}
}

func (c Caps) checkEntry(h *tar.Header) error {
	name, err := c.inside(h.Name, "path")
	if err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir:
	case tar.TypeSymlink:
		if h.Linkname == "" || len(h.Linkname) > c.PathBytes {
			return invalid("entry %q is a link to %q", clip(h.Name), clip(h.Linkname))
		}
	case tar.TypeLink:
		if target, err := c.inside(h.Linkname, "link target"); err != nil {
			return err
		} else if target == "" {
			return invalid("entry %q is a hard link to the root", clip(h.Name))
		}
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		return invalid("entry %q is a device or FIFO", clip(h.Name)).
			Try("remove devices and FIFOs from the image; a sandbox makes its own /dev")
	default:
		return invalid("entry %q is of type %q", clip(h.Name), h.Typeflag)
	}
	if name == "" && h.Typeflag != tar.TypeDir {
		return invalid("the root is not a folder")
	}
	if err := checkWhiteout(h, name); err != nil {
		return err
	}
	return c.checkMeta(h)
}

// inside returns a path relative to the root, as Docker would: a leading "/" is
// dropped, and so are "." and empty components. It must not climb.
func (c Caps) inside(path, what string) (string, error) {
	if len(path) > c.PathBytes {
		return "", invalid("%s of %d bytes: %q", what, len(path), clip(path))
	}
	if strings.ContainsRune(path, 0) {
		return "", invalid("%s with a NUL: %q", what, clip(path))
	}
	if path == "" {
		return "", invalid("empty %s", what)
	}
	var parts []string
	for part := range strings.SplitSeq(path, "/") {
		switch {
		case part == "..":
			return "", invalid("%s %q leads out of the image", what, clip(path))
		case len(part) > 255:
			return "", invalid("%s with a name of %d bytes: %q", what, len(part), clip(path))
		case part != "" && part != ".":
			parts = append(parts, part)
		}
	}
	if len(parts) > c.PathDepth {
		return "", invalid("%s is %d folders deep: %q", what, len(parts), clip(path))
	}
	return strings.Join(parts, "/"), nil
}

const whiteout = ".wh."

// checkWhiteout refuses marks for deleted files that do not name a file beside
// them: ".wh..", for one, would delete the folder itself or the one above.
func checkWhiteout(h *tar.Header, name string) error {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		if !strings.HasPrefix(part, whiteout) {
			continue
		}
		hidden := strings.TrimPrefix(part, whiteout)
		if i < len(parts)-1 || h.Typeflag != tar.TypeReg || h.Size != 0 {
			return invalid("entry %q is not a proper whiteout", clip(h.Name))
		}
		if hidden == "" || hidden == "." || hidden == ".." ||
			strings.HasPrefix(hidden, whiteout) && part != ".wh..wh..opq" {
			return invalid("whiteout %q hides no file", clip(h.Name))
		}
	}
	return nil
}

// checkMeta looks at owners and extended attributes. Ids above 2³¹-1 wrap to other
// users; trusted and overlay attributes steer the host's own file systems.
func (c Caps) checkMeta(h *tar.Header) error {
	if h.Uid < 0 || h.Uid > math.MaxInt32 || h.Gid < 0 || h.Gid > math.MaxInt32 {
		return invalid("entry %q belongs to %d:%d", clip(h.Name), h.Uid, h.Gid).
			Try("use user and group ids from 0 to %d", math.MaxInt32)
	}
	total := 0
	for key, value := range h.PAXRecords {
		attr, ok := strings.CutPrefix(key, "SCHILY.xattr.")
		if !ok {
			continue
		}
		total += len(attr) + len(value)
		if attr == "" || len(attr) > 255 || total > c.XattrBytes {
			return invalid("entry %q has extended attributes of more than %d bytes", clip(h.Name), c.XattrBytes)
		}
		if strings.HasPrefix(attr, "trusted.") || strings.HasPrefix(attr, "user.overlay.") {
			return invalid("entry %q has the extended attribute %q", clip(h.Name), attr).
				Try("remove trusted and overlay attributes from the image")
		}
	}
	return nil
}
