package embedded_test

import (
	"testing"
	"time"

	"github.com/cpgate/cpgate/embedded"
)

func TestHistory_DropsWhatIsOlderThanItsAgeAndNothingElse(t *testing.T) {
	h := embedded.NewHistory(60 * time.Second)
	start := time.Unix(1_000_000, 0)
	steps := []struct {
		second int
		rev    int64
		due    int64
	}{
		{second: 0, rev: 5, due: 0},
		{second: 10, rev: 20, due: 0},
		{second: 59, rev: 21, due: 0},
		{second: 60, rev: 22, due: 5},
		{second: 75, rev: 22, due: 20},
		{second: 76, rev: 30, due: 20},
		{second: 300, rev: 31, due: 30},
		{second: 360, rev: 31, due: 31},
	}
	for _, s := range steps {
		now := start.Add(time.Duration(s.second) * time.Second)
		h.Add(now, s.rev)
		if got := h.Due(now); got != s.due {
			t.Errorf("after %d s: revision %d is due, want %d", s.second, got, s.due)
		}
	}
}
