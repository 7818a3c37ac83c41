package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func well(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
}

func TestSVG(t *testing.T) {
	c := Chart{Title: "a < b", X: "jobs & more", Y: "ms", Lines: []Line{
		{Name: "p50", Colour: "#1f77b4", Points: []Point{{1, 3}, {5, 4}, {40, 900}}},
		{Name: "<p99>", Colour: "#1f77b4", Dash: "2 3"},
	}}
	svg := c.SVG()
	well(t, svg)
	for _, want := range []string{"a &lt; b", "jobs &amp; more", "&lt;p99&gt; (none)", "<polyline", ">40<", ">1000<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("it lacks %q:\n%s", want, svg)
		}
	}
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Errorf("a place is no number:\n%s", svg)
	}
	empty := Chart{}.SVG()
	if well(t, empty); strings.Contains(empty, "NaN") {
		t.Errorf("of nothing:\n%s", empty)
	}
}

func TestAxis(t *testing.T) {
	for _, values := range [][]float64{{3}, {1, 10}, {0.4, 7000}, {100, 100}, {99, 101}} {
		a := newAxis(values, 400, 0, true)
		for _, v := range values {
			if at := a.at(v); math.IsNaN(at) || at < -1e-9 || at > 400+1e-9 {
				t.Errorf("%v of %v is at %v (%+v)", v, values, at, a)
			}
		}
		if len(a.ticks) < 2 {
			t.Errorf("%v: ticks %v", values, a.ticks)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{1: "1", 0.5: "0.5", 50000: "50000", 0.01: "0.01", 12.3456: "12.35", 987.65: "987.7", 12345.6: "12346"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
}
