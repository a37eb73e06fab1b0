// Package gateway is the port: everything that comes from outside enters here, on one listener, and is turned
// into calls on the primitives. It decides nothing about what they mean.
//
// The way of a call, with the file of each step:
//
//   - split.go, sniff.go: a new connection goes to gRPC or to HTTP, by what it says first. tls.go: behind TLS, where the
//     port has it.
//   - grpc.go: the gRPC server: our services, all of etcd's, health and reflection. backend.go, remote.go: etcd's, of a
//     server in this process or of a cluster elsewhere.
//   - http.go: everything that is not gRPC, by its path. rest.go: /v1/. etcd.go: /v3/, etcd's own JSON API.
//   - stream.go, stream_calls.go, stream_outbox.go, stream_sessions.go, crew.go: calls in the frames of a stream.
//   - calls.go: where all ways meet. Every call to one of our services passes [calls.do], which counts it and
//     puts its error on the wire.
//   - session.go, lock.go, semaphore.go, latch.go: proto to primitives and back. fields.go: what a field may be.
//   - errors.go: the one table of errors, their codes and reasons.
//
// [New] serves at once, [Gateway.Stop] ends it.
package gateway
