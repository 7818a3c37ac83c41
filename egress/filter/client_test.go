package filter_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
	"glovebox/egress/filter"
)

func TestClosingASlot(t *testing.T) {
	w := newWorld(t, nil)
	l := w.endless("127.0.2.1")
	p := l.Addr().(*net.TCPAddr).Port
	w.rules(glovebox.EgressRule{Address: "127.0.2.1", Port: p, Protocol: "tcp"})
	c := w.dial(at("127.0.2.1", p))
	if _, err := io.CopyN(io.Discard, c, 1<<20); err != nil {
		t.Fatal(err)
	}
	w.must(w.client.CloseSlot(t.Context(), "a"))
	w.mu.Lock()
	last := w.events["a"][len(w.events["a"])-1]
	w.mu.Unlock()
	if last.Type != glovebox.NetClose || last.Got < 1<<20 {
		t.Errorf("the last event is %+v", last)
	}
	if _, _, err := drain(c); err == nil {
		t.Error("the connection ended well")
	}
	w.isReset(w.dial(at("127.0.2.1", p)))
	w.must(w.client.CloseSlot(t.Context(), "a"))
	st, err := w.client.Stats(t.Context())
	w.must(err)
	if st.Slots != 0 || st.Conns != 0 || st.Opened != 1 || st.Received < 1<<20 {
		t.Errorf("%+v", st)
	}
	w.rules() // the id and the address are free again
}

func TestSlotsAreChecked(t *testing.T) {
	w := newWorld(t, nil)
	w.rules()
	four := netip.MustParseAddr("127.0.1.7")
	for what, c := range map[string]struct {
		config filter.SlotConfig
		kind   glovebox.Kind
		field  string
	}{
		"no id":        {filter.SlotConfig{Addr4: four}, glovebox.KindInvalid, "id"},
		"no address":   {filter.SlotConfig{ID: "x"}, glovebox.KindInvalid, "addr4"},
		"same id":      {filter.SlotConfig{ID: "a", Addr4: four}, glovebox.KindConflict, ""},
		"same address": {filter.SlotConfig{ID: "x", Addr4: netip.MustParseAddr("127.0.1.1")}, glovebox.KindConflict, ""},
		"port":         {filter.SlotConfig{ID: "x", Addr4: four, Rules: []glovebox.EgressRule{domain("a.example.com", 0, "tls")}}, glovebox.KindInvalid, "egress.0.port"},
		"protocol":     {filter.SlotConfig{ID: "x", Addr4: four, Rules: []glovebox.EgressRule{domain("a.example.com", 1, "udp")}}, glovebox.KindInvalid, "egress.0.protocol"},
		"domain":       {filter.SlotConfig{ID: "x", Addr4: four, Rules: []glovebox.EgressRule{domain("a.*.com", 1, "tls")}}, glovebox.KindInvalid, "egress.0.domain"},
		"not ASCII":    {filter.SlotConfig{ID: "x", Addr4: four, Rules: []glovebox.EgressRule{domain("bücher.example", 1, "tls")}}, glovebox.KindInvalid, "egress.0.domain"},
		"number":       {filter.SlotConfig{ID: "x", Addr4: four, Rules: []glovebox.EgressRule{domain("8.8.8.8", 1, "tls")}}, glovebox.KindInvalid, "egress.0.domain"},
		"both":         {filter.SlotConfig{ID: "x", Addr4: four, Rules: []glovebox.EgressRule{{Domain: "a.b", Address: "8.8.8.8", Port: 1, Protocol: "tls"}}}, glovebox.KindInvalid, "egress.0.domain"},
		"address":      {filter.SlotConfig{ID: "x", Addr4: four, Rules: []glovebox.EgressRule{{Address: "8.8.8", Port: 1, Protocol: "tls"}}}, glovebox.KindInvalid, "egress.0.address"},
		"paths of tcp": {filter.SlotConfig{ID: "x", Addr4: four, Rules: []glovebox.EgressRule{{Domain: "a.b", Port: 1, Protocol: "tcp", Paths: []string{"/"}}}}, glovebox.KindInvalid, "egress.0.protocol"},
		"metadata":     {filter.SlotConfig{ID: "x", Addr4: four, Rules: []glovebox.EgressRule{{Address: "169.254.169.254", Port: 80, Protocol: "http", Private: true}}}, glovebox.KindDenied, ""},
		"private":      {filter.SlotConfig{ID: "x", Addr4: four, Rules: []glovebox.EgressRule{{Address: "10.0.0.1", Port: 80, Protocol: "http"}}}, glovebox.KindDenied, ""},
		"many rules":   {filter.SlotConfig{ID: "x", Addr4: four, Rules: make([]glovebox.EgressRule, 501)}, glovebox.KindTooLarge, "egress"},
	} {
		_, err := w.client.Open(t.Context(), c.config)
		if e := glovebox.AsError(err); err == nil || e.Kind != c.kind || e.Field != c.field {
			t.Errorf("%s: %v (%+v)", what, err, err)
		}
	}
	if err := w.client.Change(t.Context(), filter.SlotConfig{ID: "none"}); glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Errorf("change of no slot: %v", err)
	}
	w.open(filter.SlotConfig{ID: "x", Addr4: four}) // what was refused has left nothing
}

// TestTheAgentBelievesNothing: a filter that was taken over can pin nothing
// that the slot's rules do not open.
func TestTheAgentBelievesNothing(t *testing.T) {
	ours, theirs := net.Pipe()
	pinned := make(chan []filter.Pin, 100)
	var told atomic.Int64
	client := filter.NewClient(ours, filter.Callbacks{
		Pin:    func(_ context.Context, _ string, p []filter.Pin) error { pinned <- p; return nil },
		Unpin:  func(context.Context, string, []filter.Pin) error { return nil },
		Events: func(_ string, e []glovebox.NetEvent) { told.Add(int64(len(e))) },
		Never:  func(a netip.Addr) bool { return a == netip.MustParseAddr("8.8.4.4") },
	})
	defer client.Close()
	write := func(m map[string]any) {
		b, _ := json.Marshal(m)
		theirs.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
	}
	read := func() map[string]any {
		head := make([]byte, 4)
		io.ReadFull(theirs, head)
		b := make([]byte, binary.BigEndian.Uint32(head))
		io.ReadFull(theirs, b)
		m := map[string]any{}
		json.Unmarshal(b, &m)
		return m
	}
	opened := make(chan error, 1)
	go func() {
		_, err := client.Open(t.Context(), filter.SlotConfig{ID: "a", Addr4: netip.MustParseAddr("10.0.0.2"), Rules: []glovebox.EgressRule{
			domain("api.example.com", 443, "tls"), {Domain: "db.example.com", Port: 5432, Protocol: "tcp", Private: true}, {Address: "9.9.9.0/24", Port: 53, Protocol: "tcp"},
		}})
		opened <- err
	}()
	m := read()
	write(map[string]any{"seq": m["seq"], "answer": true, "ca": []byte("x")})
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	ask := func(slot, prefix string, port int, ttl time.Duration) bool {
		write(map[string]any{"seq": 7, "op": "pin", "slot": slot, "pins": []map[string]any{{"Prefix": prefix, "Port": port, "TTL": ttl}}})
		a := read()
		return a["error"] == nil
	}
	minute := time.Minute
	for what, ok := range map[string]bool{
		"another slot":    ask("b", "8.8.8.8/32", 443, minute),
		"another port":    ask("a", "8.8.8.8/32", 80, minute),
		"every port":      ask("a", "8.8.8.8/32", 0, minute),
		"a prefix":        ask("a", "8.8.8.0/24", 443, minute),
		"everything":      ask("a", "0.0.0.0/0", 443, minute),
		"metadata":        ask("a", "169.254.169.254/32", 443, minute),
		"mapped metadata": ask("a", "::ffff:169.254.169.254/128", 443, minute),
		"the host":        ask("a", "127.0.0.1/32", 443, minute),
		"the agent's own": ask("a", "8.8.4.4/32", 443, minute),
		"private":         ask("a", "10.0.0.1/32", 443, minute),
		"for ever":        ask("a", "8.8.8.8/32", 443, 0),
		"for long":        ask("a", "8.8.8.8/32", 443, 1000*time.Hour),
		"nothing":         ask("a", "", 443, minute),
	} {
		if ok {
			t.Errorf("%s is pinned", what)
		}
	}
	if len(pinned) != 0 {
		t.Errorf("%d pins were made", len(pinned))
	}
	for what, ok := range map[string]bool{
		"public": ask("a", "8.8.8.8/32", 443, minute), "private with its rule": ask("a", "10.0.0.1/32", 5432, minute), "own prefix": ask("a", "9.9.9.0/24", 53, 0),
	} {
		if !ok {
			t.Errorf("control: %s is not pinned", what)
		}
	}
	write(map[string]any{"op": "events", "slot": "b", "events": []glovebox.NetEvent{{}}})
	write(map[string]any{"op": "events", "slot": "a", "events": make([]glovebox.NetEvent, 1000)})
	write(map[string]any{"seq": 8, "op": "open", "slot": "z"})
	if a := read(); a["error"] == nil {
		t.Error("the filter opens a slot")
	}
	if told.Load() != 0 {
		t.Error("events of a slot that is not open, or too many, are taken")
	}
	theirs.Write([]byte{0xff, 0xff, 0xff, 0xff})
	select {
	case <-client.Done():
	case <-time.After(wait):
		t.Error("a message of 4 GiB is waited for")
	}
	if err := client.Close(); glovebox.KindOf(err) != glovebox.KindMalformed {
		t.Errorf("the client ends with %v", err)
	}
}

// TestOpenThatIsGivenUp leaves no slot, whatever the filter does with it.
func TestOpenThatIsGivenUp(t *testing.T) {
	hold := make(chan struct{})
	w := newWorld(t, func(_ *filter.Config, cb *filter.Callbacks) {
		cb.Pin = func(context.Context, string, []filter.Pin) error { <-hold; return nil }
	})
	config := filter.SlotConfig{ID: "a", Addr4: netip.MustParseAddr("127.0.1.1"), Rules: []glovebox.EgressRule{{Address: "127.0.2.1", Port: 1, Protocol: "tcp"}}}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.client.Open(ctx, config); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	close(hold)
	end := time.Now().Add(wait)
	for {
		_, err := w.client.Open(t.Context(), config)
		if err == nil {
			break
		}
		if glovebox.KindOf(err) != glovebox.KindConflict || time.Now().After(end) {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestADeafFilterEnds: when a listener breaks, all ends, so that the agent knows.
func TestADeafFilterEnds(t *testing.T) {
	ours, theirs := net.Pipe()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	client := filter.NewClient(ours, filter.Callbacks{})
	err = filter.Serve(t.Context(), filter.Config{Control: theirs, Upstream: &names{}, TCP: []net.Listener{l}})
	if glovebox.KindOf(err) != glovebox.KindInternal {
		t.Errorf("it ends with %v", err)
	}
	<-client.Done()
	client.Close()
}

func TestAnEndOfTheFilterIsSeen(t *testing.T) {
	w := newWorld(t, nil)
	s := w.server("127.0.2.1")
	w.rules(glovebox.EgressRule{Address: "127.0.2.1", Port: s.port(), Protocol: "tcp"})
	c := w.dial(at("127.0.2.1", s.port()))
	if _, err := say(c, "x"); err != nil {
		t.Fatal(err)
	}
	w.client.Close()
	w.isReset(c)
	_, err := w.client.Open(t.Context(), filter.SlotConfig{ID: "b", Addr4: netip.MustParseAddr("127.0.1.9")})
	if glovebox.KindOf(err) != glovebox.KindUnavailable || !strings.Contains(err.Error(), "channel") {
		t.Errorf("open without a filter: %v", err)
	}
}
