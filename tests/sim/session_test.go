package sim

import (
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/session"
)

// life is the session that some callers share. When it ends they go on with another.
type life struct {
	w     *world
	id    session.ID
	ended []func(was session.ID) // who has to know
}

// idsPerLife is more than a schedule ends sessions.
const idsPerLife = 0x100

func (w *world) addLife() *life {
	w.lives++
	l := &life{w: w, id: session.ID(w.lives * idsPerLife)}
	l.open()
	return l
}

func (l *life) open() {
	l.id++
	l.w.write(kv.Put(space.Session(int64(l.id)), []byte("{}"), kv.LeaseID(l.id)))
}

// end ends the session.
func (l *life) end() {
	was := l.id
	l.w.tracef("session %s ends", was)
	l.w.dead[was] = l.w.steps
	l.w.expire(kv.LeaseID(was))
	l.open()
	for _, f := range l.ended {
		f(was)
	}
}
