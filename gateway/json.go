package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
)

// restJSON writes messages with the names of the proto files, and reads nothing that it does not know.
type restJSON struct{ runtime.JSONPb }

var (
	// answerJSON shows zeros too: "hold_count":0 says something.
	answerJSON = &restJSON{runtime.JSONPb{
		MarshalOptions: protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true},
	}}
	statusJSON = &restJSON{runtime.JSONPb{MarshalOptions: protojson.MarshalOptions{UseProtoNames: true}}}
)

// Marshal leaves out the blanks that protojson strews in at random, so that an answer always looks the same.
func (j *restJSON) Marshal(v any) ([]byte, error) {
	spaced, err := j.JSONPb.Marshal(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Compact(&b, spaced); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// NewDecoder reads r as one whole message; nothing at all is an empty one.
func (j *restJSON) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		said, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		m, ok := v.(proto.Message)
		if !ok || len(bytes.TrimSpace(said)) == 0 {
			return nil
		}
		if err := j.UnmarshalOptions.Unmarshal(said, m); err != nil {
			return blame(r, j.culprit(said, m, err))
		}
		return nil
	})
}

// culprit finds the field at fault: protojson does not always say it.
func (j *restJSON) culprit(said []byte, m proto.Message, err error) *fieldError {
	var values map[string]json.RawMessage
	if json.Unmarshal(said, &values) != nil {
		return unreadableBody("", err)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		one, nameErr := json.Marshal(name)
		if nameErr != nil {
			continue
		}
		one = slices.Concat([]byte("{"), one, []byte(":"), values[name], []byte("}"))
		if err := j.UnmarshalOptions.Unmarshal(one, m.ProtoReflect().New().Interface()); err != nil {
			return unreadableBody(protoName(m, name), err)
		}
	}
	return unreadableBody("", err)
}

// protoName is how the proto files spell a field of m that JSON may spell in two ways.
func protoName(m proto.Message, name string) string {
	if f := m.ProtoReflect().Descriptor().Fields().ByJSONName(name); f != nil {
		return string(f.Name())
	}
	return text(name)
}

// unreadableBody drops protojson's own beginning, which comes with a different blank in every build.
func unreadableBody(field string, err error) *fieldError {
	rule := strings.TrimLeft(strings.TrimPrefix(err.Error(), "proto:"), " \u00a0")
	return invalid(field, "can't be read: %s", rule)
}

// writeStatus answers with a google.rpc.Status in JSON.
func writeStatus(w http.ResponseWriter, code int, st *status.Status) {
	b, err := statusJSON.Marshal(st.Proto())
	if err != nil {
		b = []byte(`{"code":13,"message":"internal error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if st.Code() == codes.Unauthenticated {
		w.Header().Set("WWW-Authenticate", "Bearer") // RFC 6750
	}
	for _, d := range st.Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			w.Header().Set("Retry-After", wholeSeconds(r.RetryDelay))
		}
	}
	w.WriteHeader(code)
	_, _ = w.Write(append(b, '\n'))
}

func wholeSeconds(d *durationpb.Duration) string {
	return strconv.FormatFloat(math.Ceil(d.AsDuration().Seconds()), 'f', 0, 64)
}

// writeError answers with an error that belongs to no call.
func writeError(w http.ResponseWriter, code int, grpcCode codes.Code, message string) {
	writeStatus(w, code, describe(grpcCode, message))
}
