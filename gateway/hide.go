package gateway

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cpgate/cpgate/internal/access"
	"github.com/cpgate/cpgate/session"
)

// hide takes out of an answer the ids of sessions that do not serve the caller, and the keys that spell them. Answers
// tell of other callers' sessions in messages that have both.
func (g *gate) hide(who access.Caller, q any, a proto.Message) {
	own := sessionsOf(q)
	_ = protorange.Range(a.ProtoReflect(), func(p protopath.Values) error { // no error: none is returned here
		m, ok := p.Index(-1).Value.Interface().(protoreflect.Message)
		if !ok {
			return nil
		}
		id, key := m.Descriptor().Fields().ByName("session_id"), m.Descriptor().Fields().ByName("key")
		if id != nil && key != nil && !g.shows(who, own, m.Get(id).String()) {
			m.Clear(id)
			m.Clear(key)
		}
		return nil
	})
}

// shows reports whether the caller may know of the session: one of its own, or as root any.
func (g *gate) shows(who access.Caller, own []session.ID, sid string) bool {
	if id, err := session.ParseID(sid); err == nil {
		if slices.Contains(own, id) {
			return true
		}
		if user, live := g.sessions.OwnerSeen(id); live && user == who.Name() {
			return true
		}
	}
	return who.IsRoot() == nil
}
