package gateway

import (
	"net/http"

	"google.golang.org/grpc/codes"
)

// sameOrigin keeps a web page from elsewhere from using the port through the browser of whoever looks at it:
// a browser on the machine of a node reaches 127.0.0.1 too. Programs send no Origin and are not concerned.
func sameOrigin(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := p.Check(asWrite(r)); err != nil {
			writeError(w, http.StatusForbidden, codes.PermissionDenied, err.Error())
			return
		}
		next.ServeHTTP(w, r)
	})
}

// asWrite makes a WebSocket, which opens with a GET, count as what can be done through it.
func asWrite(r *http.Request) *http.Request {
	if r.Header.Get("Upgrade") == "" {
		return r
	}
	w := r.WithContext(r.Context())
	w.Method = http.MethodPost
	return w
}
