// Package chart draws lines over a logarithmic grid, as SVG.
package chart

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Line is one line of a chart.
type Line struct {
	Name   string
	Colour string // as CSS has it
	Dash   string // as stroke-dasharray has it; "" for a whole line
	Points []Point
}

// Point is a place on a line. Both must be above 0.
type Point struct{ X, Y float64 }

// Chart has two logarithmic axes.
type Chart struct {
	Title, X, Y string // words
	Lines       []Line
}

const (
	width, height = 860, 480
	left, right   = 80, 230 // the legend is at the right
	top, bottom   = 50, 60
	font          = "font-family=\"sans-serif\""
)

// SVG draws it. Lines without points are only in the legend.
func (c Chart) SVG() string {
	var b strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`, width, height, width, height)
	add(`<title>%s</title><rect width="%d" height="%d" fill="white"/>`, html.EscapeString(c.Title), width, height)
	add(`<text x="%d" y="28" %s font-size="16" fill="#222">%s</text>`, left, font, html.EscapeString(c.Title))
	xs, ys := c.values()
	x := newAxis(xs, left, width-right, false)
	y := newAxis(ys, height-bottom, top, true)
	for _, v := range y.ticks {
		at := y.at(v)
		add(`<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>`, left, at, width-right, at)
		add(`<text x="%d" y="%.1f" %s font-size="12" fill="#444" text-anchor="end">%s</text>`, left-8, at+4, font, number(v))
	}
	for _, v := range x.ticks {
		at := x.at(v)
		add(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#ddd"/>`, at, top, at, height-bottom)
		add(`<text x="%.1f" y="%d" %s font-size="12" fill="#444" text-anchor="middle">%s</text>`, at, height-bottom+18, font, number(v))
	}
	add(`<path d="M%d %dV%dH%d" fill="none" stroke="#222"/>`, left, top, height-bottom, width-right)
	add(`<text x="%d" y="%d" %s font-size="13" fill="#222" text-anchor="middle">%s</text>`, (left+width-right)/2, height-16, font, html.EscapeString(c.X))
	add(`<text transform="translate(20 %d) rotate(-90)" %s font-size="13" fill="#222" text-anchor="middle">%s</text>`, (top+height-bottom)/2, font, html.EscapeString(c.Y))
	for i, l := range c.Lines {
		l.draw(add, x, y)
		l.legend(add, width-right+20, top+14+i*22)
	}
	add(`</svg>`)
	return b.String()
}

func (c Chart) values() (xs, ys []float64) {
	for _, l := range c.Lines {
		for _, p := range l.Points {
			xs, ys = append(xs, p.X), append(ys, p.Y)
		}
	}
	return xs, ys
}

func (l Line) draw(add func(string, ...any), x, y axis) {
	points := make([]string, len(l.Points))
	for i, p := range l.Points {
		points[i] = fmt.Sprintf("%.1f,%.1f", x.at(p.X), y.at(p.Y))
	}
	if len(points) > 1 {
		add(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`, strings.Join(points, " "), l.Colour, dash(l.Dash))
	}
	for _, p := range l.Points {
		add(`<circle cx="%.1f" cy="%.1f" r="3" fill="%s"><title>%s: %s</title></circle>`, x.at(p.X), y.at(p.Y), l.Colour, html.EscapeString(l.Name), number(p.Y))
	}
}

func (l Line) legend(add func(string, ...any), x, y int) {
	name := l.Name
	if len(l.Points) == 0 {
		name += " (none)"
	}
	add(`<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`, x, y-4, x+30, y-4, l.Colour, dash(l.Dash))
	add(`<text x="%d" y="%d" %s font-size="12" fill="#222">%s</text>`, x+38, y, font, html.EscapeString(name))
}

func dash(d string) string {
	if d == "" {
		return "none"
	}
	return d
}

// number has four digits that count, and no exponent.
func number(v float64) string {
	digits := max(0, 3-int(math.Floor(math.Log10(v))))
	scale := math.Pow(10, float64(digits))
	return strconv.FormatFloat(math.Round(v*scale)/scale, 'f', -1, 64)
}

// axis maps values to places by their logarithm.
type axis struct {
	lo, hi   float64
	from, to float64
	ticks    []float64
}

// newAxis takes in all values. A steady one has ticks at 1, 2 and 5 of every
// power of ten, the other one at each value that there is.
func newAxis(values []float64, from, to int, steady bool) axis {
	a := axis{lo: 1, hi: 10, from: float64(from), to: float64(to)}
	if len(values) > 0 {
		a.lo, a.hi = slices.Min(values), slices.Max(values)
	}
	if !steady {
		a.ticks = slices.Compact(slices.Sorted(slices.Values(values)))
		a.lo, a.hi = a.lo/1.1, a.hi*1.1
		return a
	}
	var steps []float64
	for e := math.Floor(math.Log10(a.lo)); e <= math.Ceil(math.Log10(a.hi)); e++ {
		for _, m := range []float64{1, 2, 5} {
			steps = append(steps, m*math.Pow(10, e))
		}
	}
	first, last := 0, len(steps)-1
	for first+1 < len(steps) && steps[first+1] <= a.lo {
		first++
	}
	for last > first+1 && steps[last-1] >= a.hi {
		last--
	}
	a.ticks = steps[first : last+1]
	a.lo, a.hi = a.ticks[0], a.ticks[len(a.ticks)-1]
	return a
}

func (a axis) at(v float64) float64 {
	return a.from + (a.to-a.from)*math.Log(v/a.lo)/math.Log(a.hi/a.lo)
}
