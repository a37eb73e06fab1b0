// Package proto carries cpgate's API as documents: the .proto files in cpgate/v1 are written by hand and say what
// every call means, and OpenAPI is the description of the REST side made from them. The Go code made from them
// is package cpgatev1 in gen/cpgate/v1.
//
// After a change to a .proto file run `go generate ./proto`; nothing but the Go toolchain is needed.
package proto

// The plugins are compiled before buf starts them side by side: from a cold cache each would compile what they
// share for itself.

//go:generate go build -modfile=../tools/proto/go.mod tool
//go:generate go tool -modfile=../tools/buf/go.mod buf generate

import _ "embed"

// OpenAPI is the description of the REST API under /v1, as OpenAPI 2.0 in JSON. Do not write to it.
//
//go:embed gen/openapi.swagger.json
var OpenAPI []byte
