// Package certs is about certificates in files. A [Source] gives a server its certificate and the authority of its
// clients, and loads them anew when their files change. An [Authority] signs the certificates of a first cluster,
// which [Init] writes into a folder.
//
//   - load.go: files of PEM read, with errors that name the setting at fault.
//   - source.go: those of a server, kept fresh.
//   - authority.go: certificates made and signed.
//   - folder.go: a folder of all that a first cluster needs.
package certs
