// Package faults runs cpgate as it runs in earnest, several members in processes of their own, and breaks what can break:
// processes, the network between them, their disks, sessions, history. Tests import it; nothing else does.
//
//	func TestMain(m *testing.M) { os.Exit(faults.Main(m)) }
//
//	func TestX(t *testing.T) {
//		c := faults.Start(t, 3)
//		for _, f := range c.Plan(seed, 5, faults.KillLeader, faults.IsolateLeader) {
//			t.Log(f) // names the seed: c.Fault(kind, seed) chooses the same again
//			if err := f.Run(ctx); err != nil { ... }
//		}
//	}
//
// No fault needs root or tools beside Go's: the members reach one another through proxies ([network.go]), which cut one
// direction or both, and their calls to the disk can be held up or refused by the kernel's leave (seccomp, on Linux:
// [WithDisks]). Whatever is started ends with the test, also when the test is killed (on Linux).
//
// # Files
//
// build.go (Main, and the program built once), cluster.go, member.go, process_*.go and ask.go (members), network.go and
// socks.go (what is between them), disk*.go and launch_linux.go (what is below them), fault.go (kinds of fault, and their
// seeds), crash.go, partition.go, disk.go and trouble.go (what each kind does). To judge what came of it: record.go (all
// that etcd has seen), audit.go and audit_line.go (what must hold in that: pure), store.go (what a lock protects).
package faults
