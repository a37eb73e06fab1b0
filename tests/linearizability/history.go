package linearizability

import (
	"encoding/json"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// History is what the clients of one cluster saw, in no particular order.
type History []Attempt

// Attempt is one request, sent once, and what became of it.
type Attempt struct {
	// Client is who sent it, Route how (gRPC, REST, Go client) and Endpoint where to.
	Client, Route, Endpoint string
	// Call is when it was sent and Return when the answer was there: nanoseconds on the clock of the one process that
	// all clients run in.
	Call, Return int64
	// Request is the request.
	Request proto.Message
	// Answer is the answer; nil when it failed.
	Answer proto.Message
	// Reason says why it failed: the name of an ErrorReason, or whatever else came back. Empty when it was answered.
	Reason string
	// Lost says that it failed in a way that leaves open whether it was done.
	Lost bool
}

// MarshalJSON writes an attempt for a person to read.
func (a Attempt) MarshalJSON() ([]byte, error) {
	request, err := readable(a.Request)
	if err != nil {
		return nil, err
	}
	answer, err := readable(a.Answer)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Client, Route, Endpoint string
		Call, Return            int64
		Request                 json.RawMessage
		Answer                  json.RawMessage `json:",omitempty"`
		Reason                  string          `json:",omitempty"`
		Lost                    bool            `json:",omitempty"`
	}{a.Client, a.Route, a.Endpoint, a.Call, a.Return, request, answer, a.Reason, a.Lost})
}

// readable is a message with its name; nil for none.
func readable(m proto.Message) (json.RawMessage, error) {
	if m == nil {
		return nil, nil
	}
	fields, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]json.RawMessage{string(m.ProtoReflect().Descriptor().Name()): fields})
}
