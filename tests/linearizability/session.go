package linearizability

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

const expired = "SESSION_EXPIRED"

// life is what is known of how long a session lived.
type life struct {
	valid  int64  // until when it could not expire
	alive  int64  // when the last request was sent that found it alive
	gone   int64  // when somebody was told that it had ended
	closes []call // closings of it
	closed bool   // one of them ended it
}

// lives are the sessions of a history.
func (h History) lives() map[string]*life {
	all := map[string]*life{}
	for _, a := range h {
		id := text(a.Request, "session_id")
		if opened, ok := a.Answer.(*cpgatev1.OpenSessionResponse); ok {
			id = opened.GetSessionId()
		}
		if id == "" {
			continue
		}
		if all[id] == nil {
			all[id] = &life{gone: forever}
		}
		all[id].note(a)
	}
	return all
}

func (l *life) note(a Attempt) {
	if _, ok := a.Request.(*cpgatev1.CloseSessionRequest); ok {
		l.noteClosing(a)
		return
	}
	if a.Reason == expired {
		l.gone = min(l.gone, a.Return)
	}
	if a.Answer == nil {
		return
	}
	l.alive = max(l.alive, a.Call)
	if v, ok := a.Answer.(interface{ GetValidFor() *durationpb.Duration }); ok && v.GetValidFor() != nil {
		l.valid = max(l.valid, a.Call+int64(v.GetValidFor().AsDuration()/time.Nanosecond))
	}
}

func (l *life) noteClosing(a Attempt) {
	c := call{request: a.Request, from: a.Call}
	c.add(a)
	l.closes = append(l.closes, c)
	if a.Answer != nil {
		l.gone = min(l.gone, a.Return)
		l.closed = l.closed || a.Answer.(*cpgatev1.CloseSessionResponse).GetClosed()
	}
}

// events are the end of a session, as the objects see it that it touched. It is closed, or expires once it is not valid
// any more, if at all; when somebody was told that it is gone, it had ended before. Where that is not to be trusted, it may
// end behind the last request that found it alive.
func (l *life) events(id string, trusted bool) (all []event) {
	ends := func(o object) bool { o.(ender).end(id); return true }
	for _, c := range l.closes {
		a, _ := c.answer.(*cpgatev1.CloseSessionResponse)
		switch {
		case !c.known:
			all = append(all, at("perhaps closed: "+id, c.from, max(c.from+1, l.gone), ends))
		case a.GetClosed():
			all = append(all, at("closed: "+id, c.from, c.to, func(o object) bool {
				return o.(ender).alive(id) && ends(o)
			}))
		default:
			all = append(all, at("had ended: "+id, c.from, c.to, func(o object) bool { return !o.(ender).alive(id) }))
		}
	}
	if l.closed {
		return all
	}
	from := l.alive
	if trusted {
		from = max(l.valid, l.alive)
	}
	if l.gone <= from { // told too early: the answer that said so has no place in any order
		return append(all, at("expired: "+id, from, forever, ends))
	}
	return append(all, at("expired: "+id, from, l.gone, ends))
}

// told is the answer that a session is gone.
func told(what string, session string, c call) event {
	return at(what+" -> session expired", c.from, c.to, func(o object) bool { return !o.(ender).alive(session) })
}

// EndedEarly is how many sessions ended, without being closed, before the time for which an answer said that they were
// valid.
func (h History) EndedEarly() (n int) {
	for _, l := range h.lives() {
		if len(l.closes) == 0 && l.gone < l.valid {
			n++
		}
	}
	return n
}
