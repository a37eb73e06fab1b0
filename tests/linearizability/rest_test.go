package linearizability_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// method is a method of the API.
type method struct {
	name       string // as gRPC has it
	verb, path string // as REST has it
	answer     protoreflect.FullName
}

// methods are those that are called here, by the names of their requests.
var methods = func() map[protoreflect.FullName]method {
	all := map[protoreflect.FullName]method{}
	for _, f := range []protoreflect.FileDescriptor{
		cpgatev1.File_cpgate_v1_session_proto, cpgatev1.File_cpgate_v1_fenced_lock_proto,
		cpgatev1.File_cpgate_v1_semaphore_proto, cpgatev1.File_cpgate_v1_count_down_latch_proto,
	} {
		service := f.Services().Get(0)
		for i := range service.Methods().Len() {
			m := service.Methods().Get(i)
			all[m.Input().FullName()] = described(m)
		}
	}
	return all
}()

func described(m protoreflect.MethodDescriptor) method {
	verb, path := http.MethodPost, ""
	rule := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Post:
		path = p.Post
	case *annotations.HttpRule_Get:
		verb, path = http.MethodGet, p.Get
	case *annotations.HttpRule_Delete:
		verb, path = http.MethodDelete, p.Delete
	}
	return method{
		name: "/" + string(m.Parent().FullName()) + "/" + string(m.Name()), verb: verb, path: path,
		answer: m.Output().FullName(),
	}
}

// empty makes an answer to be filled.
func (m method) empty() proto.Message {
	t, err := protoregistry.GlobalTypes.FindMessageByName(m.answer)
	if err != nil {
		panic(err) // generated code has the types of its methods
	}
	return t.New().Interface()
}

// over is the way to a server over REST.
func over(c *http.Client, addr string) dial {
	return func(ctx context.Context, _ string, q, a proto.Message) error {
		r, err := restRequest(ctx, addr, q)
		if err != nil {
			return err
		}
		answer, err := c.Do(r)
		if err != nil {
			return status.Error(codes.Unavailable, err.Error()) // whatever it was, there is no answer
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil {
			return status.Error(codes.Unavailable, err.Error())
		}
		if answer.StatusCode != http.StatusOK {
			return restError(b)
		}
		return protojson.Unmarshal(b, a)
	}
}

func restError(b []byte) error {
	var st statuspb.Status
	if err := protojson.Unmarshal(b, &st); err != nil {
		return err
	}
	return status.FromProto(&st).Err()
}

var inPath = regexp.MustCompile(`{(\w+)}`)

func restRequest(ctx context.Context, addr string, q proto.Message) (*http.Request, error) {
	m := methods[q.ProtoReflect().Descriptor().FullName()]
	q = proto.Clone(q)
	at := "http://" + addr + m.path
	if field := inPath.FindStringSubmatch(m.path); field != nil {
		f := q.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(field[1]))
		at = strings.Replace(at, field[0], url.PathEscape(q.ProtoReflect().Get(f).String()), 1)
		q.ProtoReflect().Clear(f)
	}
	if m.verb != http.MethodPost {
		return http.NewRequestWithContext(ctx, m.verb, at, http.NoBody) // their only field is in the path
	}
	b, err := protojson.Marshal(q)
	if err != nil {
		return nil, err
	}
	return http.NewRequestWithContext(ctx, m.verb, at, strings.NewReader(string(b)))
}
