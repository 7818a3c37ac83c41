package runtimetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
)

// Kinds of sandboxes that a Claim may ask for.
const (
	ClaimCold     = "cold"     // one that is made for the job
	ClaimTemplate = "template" // parked, with the job's image
	ClaimGeneric  = "generic"  // parked, for any image
	ClaimWarm     = "warm"     // parked, with the image's python3 running
)

// Claim asks for one job, in a sandbox of one kind, or only for parked ones.
type Claim struct {
	Kind  string `json:"kind"`
	Image string `json:"image"` // name of a file that holds a ClaimImage
	// Park is how many of the kind shall be parked from now on; nil asks for a
	// job instead.
	Park *int `json:"park,omitempty"`
}

// ClaimImage is an image, whose blobs are files called by their digest with "-"
// for ":", and the job to run in it.
type ClaimImage struct {
	Image glovebox.Image `json:"image"`
	Args  []string       `json:"args"`
	Env   []string       `json:"env"`
	Want  string         `json:"want"` // what the job prints
}

// Claimed is how that went. Times are in milliseconds.
type Claimed struct {
	First   float64 `json:"first"`             // from the claim to the first byte of stdout
	Exit    float64 `json:"exit"`              // from the claim until its end was known
	Destroy float64 `json:"destroy"`           // from then until nothing of it was left
	Skipped string  `json:"skipped,omitempty"` // there is no such kind
	Error   string  `json:"error,omitempty"`   // it went wrong
}

// Claims does what each Claim in in asks for, and answers in out, until in ends.
// It is how a benchmark outside of this module measures what is inside. The
// images are in dir. After each job of a pool the next sandbox is parked, behind
// the answer.
func Claims(b *testing.B, n Node, dir string, in io.Reader, out io.Writer) {
	c := &claims{suite: suite{n: n, sys: n.Open(b)}, b: b, dir: dir, parked: map[string][]string{}}
	defer c.release()
	requests, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var q Claim
		if err := requests.Decode(&q); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			b.Fatal(err)
		}
		done, err := c.answer(q)
		if err != nil {
			done.Error = err.Error()
		}
		if err := answers.Encode(done); err != nil {
			b.Fatal(err)
		}
		if q.Park == nil && q.Kind != ClaimCold && done.Error == "" && done.Skipped == "" {
			if err := c.park(q, 1); err != nil {
				b.Error(err)
			}
		}
	}
}

// claims are jobs run one after the other, and the sandboxes parked for them.
type claims struct {
	suite
	b      *testing.B
	dir    string
	parked map[string][]string // ids by kind and image
}

func (c *claims) answer(q Claim) (Claimed, error) {
	if _, ok := c.sys.(glovebox.Parker); q.Kind != ClaimCold && !ok {
		return Claimed{Skipped: "no pool yet"}, nil
	}
	if q.Park != nil {
		return Claimed{}, c.park(q, *q.Park)
	}
	return c.run(q)
}

// run runs one job as a benchmark of its own, which cleans up at its end.
func (c *claims) run(q Claim) (done Claimed, err error) {
	err = errors.New("the job could not be made")
	c.b.Run(q.pool(), func(b *testing.B) { done, err = c.job(b, q) })
	return done, err
}

// job runs one job, in a sandbox that is parked first if need be.
func (c *claims) job(b *testing.B, q Claim) (Claimed, error) {
	img, err := c.image(b.Context(), q.Image)
	if err != nil {
		return Claimed{}, err
	}
	s := suite{n: c.n, sys: c.sys, img: Image{Image: img.Image}}
	spec := s.spec(img.Args...)
	spec.Env, spec.Limits, spec.User = img.Env, glovebox.DefaultLimits(), ""
	if q.Kind != ClaimCold {
		if err := c.park(q, max(1, len(c.parked[q.pool()]))); err != nil {
			return Claimed{}, err
		}
		waiting := c.parked[q.pool()]
		spec.Parked, c.parked[q.pool()] = waiting[0], waiting[1:]
	}
	return s.timed(s.newJob(b, spec, nil), img.Want)
}

// timed runs a job and takes its times.
func (s suite) timed(j *job, want string) (Claimed, error) {
	begin := time.Now()
	since := func() float64 { return float64(time.Since(begin)) / float64(time.Millisecond) }
	first := make(chan float64, 1)
	go func() { <-j.first; first <- since() }()
	if err := j.sys.Create(j.ctx, j.spec); err != nil {
		return Claimed{}, err
	}
	if err := j.sys.Start(j.ctx, j.spec.ID); err != nil {
		return Claimed{}, err
	}
	exit, err := j.sys.Wait(j.ctx, j.spec.ID)
	done := Claimed{Exit: since()}
	if err != nil {
		return done, err
	}
	j.drain()
	if exit.Code != 0 || j.stdout() != want {
		return done, fmt.Errorf("it ended with %d and printed %.100q and %.200q", exit.Code, j.stdout(), j.stderr())
	}
	done.First = <-first
	ended := time.Now()
	err = j.sys.Destroy(j.ctx, j.spec.ID)
	done.Destroy = float64(time.Since(ended)) / float64(time.Millisecond)
	left, lerr := j.sys.Residue(j.ctx, nil)
	for _, x := range left {
		if x.Sandbox == j.spec.ID {
			err = errors.Join(err, fmt.Errorf("left behind: %s %s", x.Kind, x.Name))
		}
	}
	return done, errors.Join(err, lerr)
}

// pool names what sandboxes of a claim have in common.
func (q Claim) pool() string {
	if q.Kind == ClaimGeneric {
		return q.Kind
	}
	return q.Kind + "-" + q.Image
}

// park makes n sandboxes be parked for claims such as q.
func (c *claims) park(q Claim, n int) error {
	img, err := c.image(c.b.Context(), q.Image)
	if err != nil {
		return err
	}
	t := glovebox.Template{Name: q.pool(), Image: img.Image}
	switch q.Kind {
	case ClaimGeneric:
		t = glovebox.Template{Name: glovebox.PoolGeneric}
	case ClaimWarm:
		t.Interpreter = "python3"
	}
	ctx, cancel := context.WithTimeout(c.b.Context(), 2*patience)
	defer cancel()
	for len(c.parked[q.pool()]) < n {
		id := c.spec().ID
		if err := c.sys.(glovebox.Parker).Park(ctx, id, t); err != nil {
			return fmt.Errorf("park one of %s: %w", t.Name, err)
		}
		c.parked[q.pool()] = append(c.parked[q.pool()], id)
	}
	for len(c.parked[q.pool()]) > n {
		all := c.parked[q.pool()]
		last := all[len(all)-1]
		c.parked[q.pool()] = all[:len(all)-1]
		if err := c.sys.Destroy(ctx, last); err != nil {
			return err
		}
	}
	return nil
}

// release destroys what is still parked.
func (c *claims) release() {
	for _, id := range slices.Concat(slices.Collect(maps.Values(c.parked))...) {
		if err := c.sys.Destroy(context.Background(), id); err != nil {
			c.b.Error(err)
		}
	}
}

// image reads an image from its file, and has it unpacked.
func (c *claims) image(ctx context.Context, name string) (ClaimImage, error) {
	var img ClaimImage
	data, err := os.ReadFile(filepath.Join(c.dir, filepath.Base(name)))
	if err != nil {
		return img, err
	}
	if err := json.Unmarshal(data, &img); err != nil {
		return img, err
	}
	return img, c.sys.EnsureImage(ctx, img.Image, func(_ context.Context, digest string, offset int64, w io.Writer) error {
		f, err := os.Open(filepath.Join(c.dir, strings.ReplaceAll(filepath.Base(digest), ":", "-")))
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := f.Seek(offset, io.SeekStart); err != nil {
			return err
		}
		_, err = io.Copy(w, f)
		return err
	})
}
