package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// newREST serves /v1/.
//
// The unescaping mode is the one under which any name works as a path segment: an escaped slash belongs to the
// name, and nothing is unescaped twice.
func newREST(c *calls) (http.Handler, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, answerJSON),
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptSlash),
		runtime.WithDisablePathLengthFallback(), // a POST with a form's content type, as curl sends, is no GET
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithIncomingHeaderMatcher(noHeader),
		runtime.WithErrorHandler(restError),
		runtime.WithRoutingErrorHandler(routeError),
	)
	ctx := context.Background()
	err := errors.Join(
		cpgatev1.RegisterAuthServiceHandlerClient(ctx, mux, cpgatev1.NewAuthServiceClient(c)),
		cpgatev1.RegisterSessionServiceHandlerClient(ctx, mux, cpgatev1.NewSessionServiceClient(c)),
		cpgatev1.RegisterFencedLockServiceHandlerClient(ctx, mux, cpgatev1.NewFencedLockServiceClient(c)),
		cpgatev1.RegisterSemaphoreServiceHandlerClient(ctx, mux, cpgatev1.NewSemaphoreServiceClient(c)),
		cpgatev1.RegisterCountDownLatchServiceHandlerClient(ctx, mux, cpgatev1.NewCountDownLatchServiceClient(c)),
	)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serveREST(mux, w, r) }), err
}

// noHeader keeps the headers of a request from its call, save Authorization, which is always passed on. By some of
// them etcd tells calls of a gateway that shows its own certificate, and ignores whose it is; here it is the caller's.
func noHeader(string) (string, bool) { return "", false }

func serveREST(mux *runtime.ServeMux, w http.ResponseWriter, r *http.Request) {
	if err := checkQuery(r); err != nil {
		writeStatus(w, http.StatusBadRequest, err.status())
		return
	}
	b, err := readBody(w, r)
	if errors.Is(err, errBodyTooLarge) {
		writeStatus(w, http.StatusRequestEntityTooLarge, invalid("", "%v", err).status())
		return
	}
	if err != nil {
		writeStatus(w, http.StatusBadRequest, invalid("", "reading the request body: %v", err).status())
		return
	}
	r = r.WithContext(r.Context())
	r.Body = b
	mux.ServeHTTP(w, r)
}

// checkQuery refuses what would not be read: a misspelt parameter, or a timeout that belongs in the body.
func checkQuery(r *http.Request) *fieldError {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalid("", "reading the query: %v", err)
	}
	for key := range q {
		switch {
		case r.Method != http.MethodGet:
			return invalid(text(key), "must be in the request body, not in the query")
		case key == "page_size":
			if _, err := strconv.ParseInt(q.Get(key), 10, 32); err != nil || len(q[key]) > 1 {
				return invalid(key, "must be one number")
			}
		case key != "page_token" || len(q[key]) > 1:
			return invalid(text(key), "is not a query parameter, or was given twice: there are page_size and page_token")
		}
	}
	return nil
}

// restError writes the status of a call, or what the decoder found wrong with the body.
func restError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	if b, ok := r.Body.(*body); ok && b.fault != nil {
		err = b.fault.status().Err()
	}
	st, ok := status.FromError(err)
	if !ok {
		st = invalid("", "%v", err).status() // what the router itself refuses, such as a broken escape
	}
	writeStatus(w, runtime.HTTPStatusFromCode(st.Code()), st)
}

func routeError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
	if e := emptyName(r); e != nil {
		writeStatus(w, http.StatusBadRequest, e.status())
		return
	}
	if code == http.StatusMethodNotAllowed {
		writeError(w, code, codes.Unimplemented, r.Method+" is not served at "+r.URL.Path)
		return
	}
	writeError(w, http.StatusNotFound, codes.NotFound, "nothing is served at "+r.URL.Path+"; see /openapi.json")
}

// emptyName explains a path like /v1/locks/:lock, in which the router finds no name.
func emptyName(r *http.Request) *fieldError {
	var f fields
	switch collection, _, _ := strings.Cut(r.URL.Path, ":"); {
	case r.Method != http.MethodPost:
	case collection == "/v1/sessions/":
		f.session("session_id", "")
	case slices.Contains([]string{"/v1/locks/", "/v1/semaphores/", "/v1/latches/"}, collection):
		f.name("")
	}
	var e *fieldError
	errors.As(f.err, &e)
	return e
}
