package frame_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/cpgate/cpgate/internal/frame"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// A call that is added to the API has to get its place in the frames.
func TestFrame_HasAPlaceForEveryCallOfTheAPI(t *testing.T) {
	protoregistry.GlobalFiles.RangeFilesByPackage("cpgate.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			for j := range f.Services().Get(i).Methods().Len() {
				if m := f.Services().Get(i).Methods().Get(j); !m.IsStreamingClient() {
					carries(t, m)
				}
			}
		}
		return true
	})
}

func carries(t *testing.T, m protoreflect.MethodDescriptor) {
	t.Helper()
	name := "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
	q, a := sample(t, m.Input()), sample(t, m.Output())
	c := frame.NewCall(name, q)
	if c == nil {
		t.Errorf("%s has no place in cpgate.v1.Call", name)
		return
	}
	if method, got := frame.Request(sent(t, c)); method != name || !proto.Equal(got, q) {
		t.Errorf("%s came out as %s %v", name, method, got)
	}
	got := sample(t, m.Output())
	if err := frame.Read(sent(t, frame.NewAnswer(7, name, a, nil)), name, got); err != nil || !proto.Equal(got, a) {
		t.Errorf("the answer of %s came out as %v, %v", name, got, err)
	}
	if err := frame.Read(&cpgatev1.Answer{Id: 7}, name, got); status.Code(err) != codes.Internal {
		t.Errorf("%s took no answer for one: %v", name, err)
	}
}

// sample makes a message with something in it.
func sample(t *testing.T, d protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	typ, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		t.Fatal(err)
	}
	m := typ.New()
	for i := range d.Fields().Len() {
		if f := d.Fields().Get(i); f.Kind() == protoreflect.StringKind && !f.IsList() {
			m.Set(f, protoreflect.ValueOfString("something"))
		}
	}
	return m.Interface()
}

// sent is m as it is on the other side.
func sent[M proto.Message](t *testing.T, m M) M {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	got := m.ProtoReflect().New().Interface()
	if err := proto.Unmarshal(b, got); err != nil {
		t.Fatal(err)
	}
	return got.(M)
}

func TestFrame_AnswersWithTheWholeError(t *testing.T) {
	st, err := status.New(codes.Aborted, "no more").WithDetails(&cpgatev1.UnlockResponse{HoldCount: 3})
	if err != nil {
		t.Fatal(err)
	}
	const method = cpgatev1.FencedLockService_Lock_FullMethodName
	got := frame.Read(sent(t, frame.NewAnswer(7, method, nil, st.Err())), method, &cpgatev1.LockResponse{})
	if !proto.Equal(status.Convert(got).Proto(), st.Proto()) {
		t.Errorf("%v came out as %v", st, got)
	}
}

func TestFrame_KnowsNoOtherCalls(t *testing.T) {
	if c := frame.NewCall(cpgatev1.StreamService_Connect_FullMethodName, &cpgatev1.ClientFrame{}); c != nil {
		t.Error(c)
	}
	if method, q := frame.Request(&cpgatev1.Call{Id: 7}); method != "" || q != nil {
		t.Error(method, q)
	}
}
