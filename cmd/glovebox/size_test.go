package main

import "testing"

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "4096": 4096, "1b": 1, "512m": 512 << 20, "512M": 512 << 20, "512MB": 512 << 20, "1GiB": 1 << 30,
		"0.5g": 512 << 20, "2t": 2 << 40, "64k": 64 << 10, "-1": -1,
	} {
		var s size
		if err := s.Set(text); err != nil || int64(s) != want {
			t.Errorf("%q: %d %v", text, s, err)
		}
	}
	for _, text := range []string{"", "m", "1x", "1mm", "nan", "inf", "1e30", "1 m", "0x10p"} {
		var s size
		if err := s.Set(text); err == nil {
			t.Errorf("%q is taken for %d", text, s)
		}
	}
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 512 << 20: "512 MiB", 1<<30 + 1<<28: "1.2 GiB", 5 << 40: "5 TiB",
	} {
		if got := humanSize(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
