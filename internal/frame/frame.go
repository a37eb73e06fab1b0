// Package frame puts calls and their answers into the messages of cpgate.v1.StreamService, and takes them out again, on both
// ends of a stream. Which field a call has is read from the API itself: that of the type of its request, and its answer
// has the field of the same number. Pure.
package frame

import (
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

const (
	// MaxCalls is how many calls may be under way on one stream, from the frame that begins one to that with its answer.
	MaxCalls = 10_000
	// Size is how large, in bytes, a frame may become by gathering.
	Size = 64 << 10
)

// kind is one kind of call.
type kind struct {
	method          string // "/cpgate.v1.FencedLockService/Lock"
	request, answer protoreflect.FieldDescriptor
}

var (
	ofMethod, ofNumber = kinds()
	requests           = (*cpgatev1.Call)(nil).ProtoReflect().Descriptor().Oneofs().ByName("request")
)

func kinds() (map[string]*kind, map[protoreflect.FieldNumber]*kind) {
	methods, byMethod, byNumber := methods(), map[string]*kind{}, map[protoreflect.FieldNumber]*kind{}
	answers := (*cpgatev1.Answer)(nil).ProtoReflect().Descriptor().Fields()
	fields := (*cpgatev1.Call)(nil).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		if f := fields.Get(i); f.ContainingOneof() != nil && !f.ContainingOneof().IsSynthetic() {
			k := &kind{methods[f.Message().FullName()], f, answers.ByNumber(f.Number())}
			byMethod[k.method], byNumber[f.Number()] = k, k
		}
	}
	return byMethod, byNumber
}

// methods gives the method of each type of request.
func methods() map[protoreflect.FullName]string {
	all := map[protoreflect.FullName]string{}
	file := cpgatev1.File_cpgate_v1_stream_proto
	protoregistry.GlobalFiles.RangeFilesByPackage(file.Package(), func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				m := s.Methods().Get(j)
				all[m.Input().FullName()] = fmt.Sprintf("/%s/%s", s.FullName(), m.Name())
			}
		}
		return true
	})
	return all
}

// NewCall puts a request into a call; nil for a method whose calls don't go over a stream.
func NewCall(method string, q proto.Message) *cpgatev1.Call {
	k, ok := ofMethod[method]
	if !ok {
		return nil
	}
	c := &cpgatev1.Call{}
	c.ProtoReflect().Set(k.request, protoreflect.ValueOfMessage(q.ProtoReflect()))
	return c
}

// Request takes the request out of a call. The method is empty where there is none that is known here.
func Request(c *cpgatev1.Call) (method string, q proto.Message) {
	m := c.ProtoReflect()
	f := m.WhichOneof(requests)
	if f == nil {
		return "", nil
	}
	return ofNumber[f.Number()].method, m.Get(f).Message().Interface()
}

// NewAnswer puts what a call of the method came to into an answer.
func NewAnswer(id uint64, method string, a any, err error) *cpgatev1.Answer {
	answer := &cpgatev1.Answer{Id: id}
	if err != nil {
		answer.Result = &cpgatev1.Answer_Error{Error: status.Convert(err).Proto()}
		return answer
	}
	answer.ProtoReflect().Set(ofMethod[method].answer, protoreflect.ValueOfMessage(a.(proto.Message).ProtoReflect()))
	return answer
}

// Read takes the answer to a call of the method out, into a message of its type, or gives the error that it is.
func Read(a *cpgatev1.Answer, method string, into proto.Message) error {
	if st, ok := a.GetResult().(*cpgatev1.Answer_Error); ok {
		return status.ErrorProto(st.Error)
	}
	m, f := a.ProtoReflect(), ofMethod[method].answer
	if !m.Has(f) {
		return status.Errorf(codes.Internal, "an answer to another call than %s", method)
	}
	proto.Merge(into, m.Get(f).Message().Interface())
	return nil
}
