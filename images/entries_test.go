package images

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"glovebox"
	"glovebox/blob/memory"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// copyOf copies an image for the test platform.
func copyOf(img v1.Image, blobs glovebox.Blobs, caps Caps) (glovebox.Image, error) {
	s := NewStock(blobs, caps)
	s.Platform = testPlatform
	raw, err := img.RawManifest()
	if err != nil {
		return glovebox.Image{}, err
	}
	session := s.begin("t1", nil)
	rec, err := session.copy(background, candidate{manifest: newDocument(raw, ""), blobs: imageSource{img}, origin: "import"})
	session.end(err)
	return rec, err
}

func xattr(name, value string) tar.Header {
	h := regular("file")
	h.PAXRecords = map[string]string{"SCHILY.xattr." + name: value}
	return h
}

func link(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target}
}

func symlink(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}
}

func owned(uid, gid int) tar.Header {
	h := regular("file")
	h.Uid, h.Gid = uid, gid
	return h
}

// TestHostileEntries puts one bad entry into an otherwise good layer, plain and
// compressed.
func TestHostileEntries(t *testing.T) {
	device := func(kind byte, major, minor int64) tar.Header {
		return tar.Header{Typeflag: kind, Name: "dev/x", Devmajor: major, Devminor: minor}
	}
	sized := regular(".wh.file")
	sized.Size = 3
	for name, h := range map[string]tar.Header{
		"parent":                regular("../evil"),
		"deep parent":           regular("a/b/../../../evil"),
		"harmless parent":       regular("a/../b"),
		"absolute parent":       regular("/../evil"),
		"only parent":           regular(".."),
		"root as file":          regular("."),
		"root as link":          symlink("./", "/etc"),
		"hard link to parent":   link("x", "../../etc/passwd"),
		"hard link hidden":      link("x", "a/../../etc/passwd"),
		"hard link to root":     link("x", "/"),
		"hard link to nothing":  link("x", ""),
		"symlink to nothing":    symlink("x", ""),
		"long symlink":          symlink("x", strings.Repeat("y", 5000)),
		"char device":           device(tar.TypeChar, 1, 3),
		"overlay whiteout":      device(tar.TypeChar, 0, 0),
		"block device":          device(tar.TypeBlock, 8, 0),
		"fifo":                  device(tar.TypeFifo, 0, 0),
		"unknown type":          {Typeflag: 'Z', Name: "x"},
		"long path":             regular(strings.Repeat("abcdefgh/", 500) + "x"),
		"deep path":             regular(strings.Repeat("a/", 300) + "x"),
		"long name":             regular(strings.Repeat("n", 256)),
		"whiteout of nothing":   regular("a/.wh."),
		"whiteout of itself":    regular("a/.wh.."),
		"whiteout of parent":    regular("a/.wh..."),
		"whiteout meta":         regular("a/.wh..wh.aufs"),
		"whiteout as folder":    {Typeflag: tar.TypeDir, Name: "a/.wh.b"},
		"whiteout as link":      symlink("a/.wh.b", "/etc"),
		"whiteout on the way":   regular("a/.wh.b/c"),
		"whiteout with content": sized,
		"uid above int32":       owned(math.MaxInt32+1, 0),
		"gid above int32":       owned(0, math.MaxUint32),
		"huge uid":              owned(math.MaxInt64, 0),
		"trusted attribute":     xattr("trusted.overlay.redirect", "/etc"),
		"overlay attribute":     xattr("user.overlay.whiteout", "y"),
		"large attribute":       xattr("user.x", strings.Repeat("v", 70_000)),
		"attribute w/o name":    xattr("", "v"),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := tarHeaderWrites(h); err != nil {
				h.Format = tar.FormatPAX
			}
			raw := tarOf(t, regular("good"), h)
			for _, l := range []v1.Layer{plain(raw), gzipped(t, raw)} {
				blobs := memory.New()
				_, err := copyOf(imageOf(t, nil, plain(tarOf(t, regular("base"))), l), blobs, Caps{})
				wantKind(t, err, glovebox.KindImageInvalid)
				wantEmpty(t, blobs)
			}
		})
	}
}

func tarHeaderWrites(h tar.Header) (int, error) {
	var b strings.Builder
	err := tar.NewWriter(&b).WriteHeader(&h)
	return b.Len(), err
}

// TestHarmlessEntries is the positive control: what real images have is taken.
func TestHarmlessEntries(t *testing.T) {
	setuid := regular("bin/su")
	setuid.Mode = 0o4755
	entries := []tar.Header{
		{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": "x"}},
		{Typeflag: tar.TypeDir, Name: "./", Mode: 0o755},
		{Typeflag: tar.TypeDir, Name: "/", Mode: 0o755},
		{Typeflag: tar.TypeDir, Name: "bin/", Mode: 0o755},
		regular("./bin/sh"), regular("/bin/abs"), setuid, link("bin/bash", "bin/sh"), link("bin/dash", "/bin/sh"),
		symlink("lib", "usr/lib"), symlink("etc/mtab", "/proc/mounts"), symlink("x", "../../../up"),
		regular("etc/.wh.removed"), regular("var/.wh..wh..opq"), owned(65534, math.MaxInt32),
		xattr("security.capability", "\x01\x00\x00\x02"), xattr("user.note", "hi"), regular("ünï \xff code"), regular("a..b"),
		regular("..."), regular(strings.Repeat("n", 255)), regular("good"), regular("good"),
	}
	blobs := memory.New()
	img, err := copyOf(imageOf(t, nil, gzipped(t, tarOf(t, entries...))), blobs, Caps{})
	if err != nil {
		t.Fatal(err)
	}
	wantWhole(t, blobs, img)
}

// TestHostileConfig changes one thing in a good config.
func TestHostileConfig(t *testing.T) {
	layer := plain(tarOf(t, regular("f")))
	for name, c := range map[string]struct {
		kind glovebox.Kind
		edit func(*v1.ConfigFile)
	}{
		"workdir in proc":     {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.WorkingDir = "/proc/self/fd/7" }},
		"workdir round proc":  {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.WorkingDir = "/app/../proc/self/cwd" }},
		"workdir is proc":     {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.WorkingDir = "proc" }},
		"workdir in dev/fd":   {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.WorkingDir = "//dev//fd/3" }},
		"workdir with NUL":    {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.WorkingDir = "/a\x00b" }},
		"uid above int32":     {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.User = "4294967296" }},
		"uid beyond int64":    {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.User = "99999999999999999999" }},
		"gid above int32":     {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.User = "app:2147483648" }},
		"negative uid":        {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.User = "+1" }},
		"user with newline":   {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.User = "root\nx" }},
		"user with slash":     {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.User = "../x" }},
		"env with NUL":        {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.Env = []string{"A=\x00"} }},
		"env without name":    {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.Env = []string{"=x"} }},
		"env without value":   {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.Env = []string{"LD_PRELOAD"} }},
		"huge env":            {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.Env = []string{"A=" + strings.Repeat("x", 200_000)} }},
		"cmd with NUL":        {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.Cmd = []string{"a\x00b"} }},
		"many args":           {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.Entrypoint = make([]string, 2000) }},
		"stop signal":         {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.Config.StopSignal = "KILL; rm" }},
		"other architecture":  {glovebox.KindImagePlatform, func(c *v1.ConfigFile) { c.Architecture = "s390x" }},
		"other system":        {glovebox.KindImagePlatform, func(c *v1.ConfigFile) { c.OS = "windows" }},
		"newer variant":       {glovebox.KindImagePlatform, func(c *v1.ConfigFile) { c.Variant = "v4" }},
		"no diff id":          {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.RootFS.DiffIDs = nil }},
		"diff id of another":  {glovebox.KindImageCorrupt, func(c *v1.ConfigFile) { c.RootFS.DiffIDs[0].Hex = hex64 }},
		"diff id not sha256":  {glovebox.KindImageInvalid, func(c *v1.ConfigFile) { c.RootFS.DiffIDs[0].Algorithm = "sha512" }},
		"config over its cap": {glovebox.KindImageTooLarge, func(c *v1.ConfigFile) { c.Author = strings.Repeat("x", 5<<20) }},
	} {
		t.Run(name, func(t *testing.T) {
			blobs := memory.New()
			_, err := copyOf(imageOf(t, c.edit, layer), blobs, Caps{})
			wantKind(t, err, c.kind)
			wantEmpty(t, blobs)
		})
	}
}

// TestRecord is the positive control, and that nothing else of the config and the
// manifest gets into the record.
func TestRecord(t *testing.T) {
	layer := plain(tarOf(t, regular("f")))
	img := imageOf(t, func(c *v1.ConfigFile) {
		c.Config.WorkingDir, c.Config.User, c.Config.StopSignal = "app/./x", "1000:staff", "SIGQUIT"
		c.Config.Entrypoint = []string{"/init"}
		c.Config.Labels = map[string]string{"containerd.io/restart.status": "running"}
		c.Config.Volumes = map[string]struct{}{"/etc": {}}
		c.Config.ExposedPorts = map[string]struct{}{"22/tcp": {}}
	}, layer)
	raw, err := img.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	d := edited(t, newDocument(raw, ""), func(m *v1.Manifest) {
		m.Annotations = map[string]string{"containerd.io/x": "y"}
		m.Layers[0].Annotations = map[string]string{"containerd.io/snapshot/x": "y"}
	})
	blobs := memory.New()
	s := NewStock(blobs, Caps{})
	s.Platform = testPlatform
	rec, err := s.begin("t1", nil).copy(background, candidate{name: "n", manifest: d, blobs: imageSource{img}, origin: "import"})
	if err != nil {
		t.Fatal(err)
	}
	wantWhole(t, blobs, rec)
	if got := fmt.Sprint(rec.Defaults); got != "{[/init] [/bin/sh] [PATH=/bin] /app/x 1000:staff SIGQUIT}" {
		t.Errorf("defaults are %s", got)
	}
	text, _ := json.Marshal(rec)
	for _, bad := range []string{"containerd.io", "/etc", "22/tcp"} {
		if strings.Contains(string(text), bad) {
			t.Errorf("record has %q: %s", bad, text)
		}
	}
	if rec.Tenant != "t1" || rec.Name != "n" || rec.Platform != testPlatform || rec.Size == 0 || len(rec.Layers) != 1 {
		t.Errorf("record is %s", text)
	}
}
