package filter

import "time"

// Limits bound what one slot can take of the filter. What is zero has its
// default.
type Limits struct {
	Conns       int           // connections at one time; default 1,024
	ConnRate    int           // new connections a second, and in one burst; default 2,000. Requests are slowed down to as many
	DNSRate     int           // questions a second; default 200, twice that in one burst
	DNSConns    int           // TCP connections to the resolver at one time; default 16
	EventRate   int           // events kept a second; default 1,000, four times that in one burst
	Pins        int           // addresses known for names at one time; default 4,096
	AllConns    int           // connections of all slots; default 16,384
	Hello       time.Duration // to the end of a ClientHello or a request's header; default 10 s
	Dial        time.Duration // to a connection with the destination; default 10 s
	Idle        time.Duration // of a connection with no bytes either way; default 1 h
	HalfOpen    time.Duration // of one that one side has ended; default 2 min
	TTLMin      time.Duration // of what the resolver answers, and of its cache; default 5 s
	TTLMax      time.Duration // likewise; default 60 s
	PinGrace    time.Duration // that a pin outlives the answer; default 2 min
	EventBuffer int           // events of a slot waiting for the agent; default 1,024
}

func (l Limits) withDefaults() Limits {
	for v, d := range map[*int]int{
		&l.Conns: 1024, &l.ConnRate: 2000, &l.DNSRate: 200, &l.DNSConns: 16, &l.EventRate: 1000,
		&l.Pins: 4096, &l.AllConns: 16384, &l.EventBuffer: 1024,
	} {
		if *v <= 0 {
			*v = d
		}
	}
	for v, d := range map[*time.Duration]time.Duration{
		&l.Hello: 10 * time.Second, &l.Dial: 10 * time.Second, &l.Idle: time.Hour, &l.HalfOpen: 2 * time.Minute,
		&l.TTLMin: 5 * time.Second, &l.TTLMax: time.Minute, &l.PinGrace: 2 * time.Minute,
	} {
		if *v <= 0 {
			*v = d
		}
	}
	return l
}
