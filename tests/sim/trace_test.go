package sim

import (
	"fmt"
	"strings"

	"github.com/cpgate/cpgate/internal/kv"
)

func (w *world) tracef(format string, args ...any) {
	if w.tracing {
		w.trace = append(w.trace, fmt.Sprintf("%4d ", w.steps)+fmt.Sprintf(format, args...))
	}
}

// toldLines is how much of a story is worth reading.
const toldLines = 1_000

// story tells the schedule step by step, of one without an end the end.
func (w *world) story() string {
	return strings.Join(w.trace[max(0, len(w.trace)-toldLines):], "\n")
}

// writes tells what a transaction does, to whoever asks.
type writes []kv.Op

func (w writes) String() (text string) {
	for _, o := range w {
		switch {
		case o.Prefix:
			text += fmt.Sprintf("delete all below %s; ", o.Key)
		case o.Delete:
			text += fmt.Sprintf("delete %s; ", o.Key)
		default:
			text += fmt.Sprintf("put %s=%s; ", o.Key, o.Value)
		}
	}
	return text
}
