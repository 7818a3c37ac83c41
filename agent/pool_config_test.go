package agent

import (
	"testing"
	"time"

	"glovebox"
)

func TestDefaultPool(t *testing.T) {
	const gib = 1 << 30
	tests := map[string]struct {
		cores       int
		memory      int64
		least, most int
	}{
		"two cores":        {2, 24 * gib, 4, 32},
		"32 cores":         {32, 128 * gib, 64, 409},
		"little memory":    {2, gib, 3, 3},
		"next to nothing":  {1, gib / 4, 0, 0},
		"much, and a core": {1, 64 * gib, 2, 16},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := DefaultPool(tt.cores, tt.memory)
			if c.Min != tt.least || c.Max != tt.most || c.Memory > tt.memory/poolShare {
				t.Errorf("%+v", c)
			}
			if err := c.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPoolCheck(t *testing.T) {
	tests := map[string]struct {
		config PoolConfig
		field  string // "" = fine
	}{
		"nothing":              {PoolConfig{}, ""},
		"some":                 {PoolConfig{Min: 1, Max: 2, Memory: 32 << 20}, ""},
		"least above most":     {PoolConfig{Min: 3, Max: 2, Memory: 1 << 30}, "pool.generic"},
		"negative":             {PoolConfig{Min: -1, Max: 2, Memory: 1 << 30}, "pool.generic"},
		"far too many":         {PoolConfig{Max: MaxPool + 1, Memory: 1 << 50}, "pool.generic"},
		"no memory":            {PoolConfig{Max: 2}, "pool.memory"},
		"not enough for floor": {PoolConfig{Min: 2, Max: 2, Memory: 20 << 20}, "pool.memory"},
		"negative memory":      {PoolConfig{Memory: -1}, "pool"},
		"negative age":         {PoolConfig{MaxAge: -time.Second}, "pool"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := tt.config.Check()
			if tt.field == "" && err != nil || tt.field != "" && (glovebox.KindOf(err) != glovebox.KindInvalid || glovebox.AsError(err).Field != tt.field) {
				t.Errorf("error %v on %q, want it on %q", err, glovebox.AsError(err).Field, tt.field)
			}
		})
	}
}
