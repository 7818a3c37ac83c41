package main

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
	"glovebox/images"
)

func (a *app) imageImportCommand() *cobra.Command {
	var name string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "import PATH", Short: "Keep the images of an archive or an OCI layout folder", Args: takes(1, 1),
		Long: `Keep the images of an OCI or Docker archive, of an OCI image layout folder, or of
an archive on stdin (PATH is "-"). Their names are those that the archive
gives; --name gives one to an archive that holds a single image. The names are
printed.`,
		Example: "  glovebox image import busybox.tar\n  skopeo copy docker://busybox oci-archive:/dev/stdout:busybox | glovebox image import -",
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := a.importImage(cmd.Context(), args[0], name)
			if err != nil {
				return err
			}
			return a.printImages(all, asJSON, !asJSON)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "name to keep the image under")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) importImage(ctx context.Context, path, name string) ([]client.Image, error) {
	archive, total, err := a.openArchive(path)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	c, err := a.client()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	bar := a.newProgress()
	defer bar.clear()
	return c.ImportImage(ctx, name, &counted{Reader: archive, tell: func(n int64) { bar.show("importing", n, total) }})
}

// openArchive returns the bytes of an archive and how many there will be, 0 if
// that is not known.
func (a *app) openArchive(path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		if isTerminal(a.stdin) {
			return nil, 0, glovebox.Errorf(glovebox.KindUsage, "an archive is not read from a terminal").Try("pipe it in, or name a file")
		}
		return io.NopCloser(a.stdin), 0, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, glovebox.Errorf(glovebox.KindInvalid, "%w", err).Try("name an archive, an OCI layout folder, or - for stdin")
	}
	st, err := f.Stat()
	if err == nil && st.IsDir() {
		f.Close()
		r, w := io.Pipe()
		go func() { w.CloseWithError(images.Tar(path, w)) }()
		return r, 0, nil
	}
	if err != nil {
		f.Close()
		return nil, 0, glovebox.Errorf(glovebox.KindInternal, "look at %s: %w", path, err)
	}
	return f, st.Size(), nil
}

// counted tells how much was read so far.
type counted struct {
	io.Reader
	n    int64
	tell func(int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	c.tell(c.n)
	return n, err
}
