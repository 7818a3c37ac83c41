package seen

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Writer notes on a board. The sentry has one. Its methods may be called
// concurrently.
type Writer struct {
	at *layout

	mu    sync.Mutex
	next  [classes]int
	known [slots]Mark // what it knows each place by; the board's own copy is not read again
	burst struct {
		second int64
		forks  uint64
	}
}

// Begin begins to write on an empty board. With full, system calls are counted.
func Begin(fd int, full bool) (*Writer, error) {
	memory, err := unix.Mmap(fd, 0, Size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the board: %w", err)
	}
	w := &Writer{at: (*layout)(unsafe.Pointer(&memory[0]))}
	w.at.magic = magic
	if full {
		w.at.full = 1
	}
	return w, nil
}

// Place is where a Mark is on the board; the zero value is nowhere.
type Place int

// Note counts a thing, and keeps it if there is room. What makes it the same
// as an earlier one is all but time, count and result.
func (w *Writer) Note(c Class, m Mark, text string) Place {
	m.length = uint32(copy(m.text[:], text))
	now := time.Now().UnixNano()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin()
	defer w.end()
	w.at.total[c]++
	first := start(c)
	for i := first; i < first+w.next[c]; i++ {
		if w.known[i].same(&m) {
			at := &w.at.marks[i]
			w.known[i].Count++
			at.Count, at.Last, at.Errno = w.known[i].Count, now, m.Errno
			return Place(i + 1)
		}
	}
	if w.next[c] == room[c] {
		w.at.missed[c]++
		return 0
	}
	i := first + w.next[c]
	w.next[c]++
	m.First, m.Last, m.Count, m.used = now, now, 1, 1
	w.known[i], w.at.marks[i] = m, m
	return Place(i + 1)
}

// Result says how the last thing at a place has ended.
func (w *Writer) Result(p Place, errno uint32) {
	if p <= 0 || p > slots {
		return
	}
	atomic.StoreUint32(&w.at.marks[p-1].Errno, errno)
}

// Called counts a system call.
func (w *Writer) Called(number uintptr) {
	if number < calls {
		atomic.AddUint64(&w.at.calls[number], 1)
	}
}

// Forked counts a task that was made, as the live-th.
func (w *Writer) Forked(live int64) {
	second := time.Now().Unix()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.burst.second != second {
		w.burst.second, w.burst.forks = second, 0
	}
	w.burst.forks++
	w.at.forks++
	w.at.burst = max(w.at.burst, w.burst.forks)
	w.at.peak = max(w.at.peak, uint64(max(live, 0)))
}

func (w *Writer) begin() { atomic.AddUint64(&w.at.version, 1) }
func (w *Writer) end()   { atomic.AddUint64(&w.at.version, 1) }

// same compares what makes two of a class one.
func (m *Mark) same(n *Mark) bool {
	return m.Number == n.Number && m.Port == n.Port && m.Type == n.Type && m.UID == n.UID &&
		m.Address == n.Address && m.length == n.length && m.text == n.text
}

// start is where the room of a class begins.
func start(c Class) (n int) {
	for i := range c {
		n += room[i]
	}
	return n
}
