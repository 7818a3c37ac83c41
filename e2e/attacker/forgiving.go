package main

import (
	"strconv"
	"strings"
)

// folded replaces circled digits and wide dots as IDNA does.
func folded(host string) string {
	return strings.TrimSuffix(strings.Map(func(r rune) rune {
		switch {
		case r >= '①' && r <= '⑨':
			return r - '①' + '1'
		case r == '。':
			return '.'
		}
		return r
	}, host), ".")
}

// parts reads one to four numbers in C's notation, with dots between.
func parts(host string) ([]uint64, bool) {
	words := strings.Split(host, ".")
	if len(words) > 4 {
		return nil, false
	}
	var all []uint64
	for _, w := range words {
		n, err := strconv.ParseUint(w, 0, 32)
		if err != nil {
			return nil, false
		}
		all = append(all, n)
	}
	return all, true
}
