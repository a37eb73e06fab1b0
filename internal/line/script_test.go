package line_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
)

// The scripts in testdata are lines of the forms
//
//	# what follows shows
//	limit 3             a new line
//	put a:1 b:2@7 c     tickets with their permits (1) and create revision (that of the ticket, or the next)
//	remove a
//	set 2               another limit
//	set 2 through b     another limit, up to b all are admitted: also when b has left
//	put d; set 1        two at once
//	    admitted c; holds b c; waits d
//
// where the last one is what comes of the line of commands above it, once everybody who fits was admitted.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) { play(t, f) })
	}
}

func play(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{}
	for n, l := range strings.Split(string(text), "\n") {
		switch {
		case l == "" || l[0] == '#':
		case l[0] != ' ':
			if err := s.doAll(strings.Split(l, ";")); err != nil {
				t.Fatalf("%s:%d: %v", file, n+1, err)
			}
		case strings.TrimSpace(l) != s.outcome:
			t.Errorf("%s:%d: %s, want %s", file, n+1, s.outcome, strings.TrimSpace(l))
		}
	}
}

type script struct {
	line    *line.Line
	items   map[string]*kv.Item
	places  map[string]line.Place // of all that ever were in line
	last    kv.Revision
	outcome string
}

// doAll does what happens in one revision, or in many that are read at once.
func (s *script) doAll(commands []string) error {
	for _, c := range commands {
		if err := s.do(strings.Fields(c)); err != nil {
			return err
		}
	}
	s.outcome = s.tell(s.line.Admit())
	return nil
}

func (s *script) do(words []string) error {
	switch verb, rest := words[0], words[1:]; verb {
	case "limit":
		n, err := strconv.ParseInt(rest[0], 10, 64)
		s.line, s.items, s.places = line.New(line.Permits(n)), map[string]*kv.Item{}, map[string]line.Place{}
		return err
	case "set":
		return s.set(rest)
	case "put":
		for _, w := range rest {
			if err := s.put(w); err != nil {
				return err
			}
		}
	case "remove":
		for _, name := range rest {
			s.line.Remove(s.item(name))
			delete(s.items, name)
		}
	default:
		return fmt.Errorf("unknown command %q", verb)
	}
	return nil
}

// set takes words of the form "2" or "2 through b".
func (s *script) set(words []string) error {
	n, err := strconv.ParseInt(words[0], 10, 64)
	l := line.Limit{Permits: line.Permits(n)}
	if len(words) > 1 {
		at, ok := s.places[words[2]]
		if !ok {
			return fmt.Errorf("%q never was in line", words[2])
		}
		l.Through = at
	}
	s.line.SetLimit(l)
	return err
}

func (s *script) put(word string) (err error) {
	word, at, _ := strings.Cut(word, "@")
	name, count, _ := strings.Cut(word, ":")
	permits, create := int64(1), int64(0)
	if count != "" {
		permits, err = strconv.ParseInt(count, 10, 64)
	}
	if at != "" {
		create, err = strconv.ParseInt(at, 10, 64)
	}
	i := *s.item(name)
	if create != 0 {
		i.Create = kv.Revision(create)
	}
	s.last = max(s.last, i.Create) + 1
	s.items[name], s.places[name] = &i, line.PlaceOf(&i) // every put makes a new item
	s.line.Put(line.Ticket{Item: &i, Permits: line.Permits(permits)})
	return err
}

func (s *script) item(name string) *kv.Item {
	if i := s.items[name]; i != nil {
		return i
	}
	return &kv.Item{Key: name, Create: s.last + 1}
}

func (s *script) tell(now []*kv.Item) string {
	var admitted, holds, waits []string
	for _, i := range now {
		admitted = append(admitted, i.Key)
	}
	for n := range s.line.Len() {
		if n < s.line.Admitted() {
			holds = append(holds, s.line.At(n).Key)
		} else {
			waits = append(waits, s.line.At(n).Key)
		}
	}
	var parts []string
	for _, p := range []struct {
		verb  string
		names []string
	}{{"admitted", admitted}, {"holds", holds}, {"waits", waits}} {
		if len(p.names) > 0 {
			parts = append(parts, p.verb+" "+strings.Join(p.names, " "))
		}
	}
	if len(parts) == 0 {
		return "nobody stands in line"
	}
	return strings.Join(parts, "; ")
}
