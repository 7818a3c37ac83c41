package main

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestCrowd: beyond the bound who comes is hung up on, and a place that is left
// is free again.
func TestCrowd(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := newCrowd(l.(*net.TCPListener))
	c.most = 2
	defer c.Close()
	served := make(chan net.Conn, 3)
	go func() {
		for {
			conn, err := c.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("x"))
			served <- conn
		}
	}()
	come := func() bool {
		t.Helper()
		conn, err := net.Dial("tcp4", l.Addr().String())
		if errors.Is(err, unix.ECONNRESET) { // hung up on before we knew that we were through
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, err = io.ReadFull(conn, make([]byte, 1))
		return err == nil
	}
	for range 2 {
		if !come() {
			t.Fatal("one of the first two was not let in")
		}
	}
	if come() {
		t.Error("a third one was let in")
	}
	first := <-served
	_ = first.Close()
	_ = first.Close() // leaves once
	if !come() {
		t.Error("nobody is let in where there is room")
	}
	if come() {
		t.Error("closing twice made room for two")
	}
}

// TestCrowdOfOneAddress: an address, and a network of IPv6, has its part.
func TestCrowdOfOneAddress(t *testing.T) {
	c := &crowd{most: 10, each: 2, by: map[netip.Addr]int{}}
	from := func(ip string) bool { return c.enter(network(&net.TCPAddr{IP: net.ParseIP(ip)})) }
	for _, ip := range []string{"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8::2", "127.0.0.1", "127.0.0.1", "127.0.0.1"} {
		if !from(ip) {
			t.Errorf("%s was not let in", ip)
		}
	}
	for _, ip := range []string{"192.0.2.1", "2001:db8::3"} {
		if from(ip) {
			t.Errorf("a third one of %s was let in", ip)
		}
	}
	if !from("2001:db8:0:1::1") || !from("192.0.2.2") {
		t.Error("others were not let in")
	}
}
