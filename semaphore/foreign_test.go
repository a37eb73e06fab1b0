package semaphore_test

import (
	"strings"
	"testing"
)

// foreignKeys are what etcdctl, or another program, may put into the line of the pool.
var foreignKeys = map[string]struct{ key, value string }{
	"an empty value":          {"x", "''"},
	"broken JSON":             {"x", `{"permits":`},
	"JSON without permits":    {"x", `{"since":"2026-01-01T00:00:00Z"}`},
	"JSON of another shape":   {"x", `{"permits":"many"}`},
	"a list":                  {"x", `[1,2]`},
	"null":                    {"x", `null`},
	"no permits":              {"x", `{"permits":0}`},
	"fewer than no permits":   {"x", `{"permits":-5}`},
	"more than there can be":  {"x", `{"permits":2147483648}`},
	"a key two levels down":   {"x/y/z", "''"},
	"a key that ends so":      {"x/", "''"},
	"a key of slashes":        {"//", "''"},
	"an escape cut short":     {"7a.%2", "''"},
	"no request":              {"7a.", `{"permits":1}`},
	"no session":              {".r", `{"permits":1}`},
	"upper case":              {"7A.r", `{"permits":1}`},
	"bytes that are no text":  {"\xff\xfe", "\xff"},
	"a session not its own":   {"$b.r", `{"permits":1,"by":"g.1"}`},
	"another owner's, unread": {"$b.r", "''"},
	"without one, unread":     {"-.r", "''"},
}

// "What other etcd clients put into a line is respected and shown as foreign": it counts one permit.
func TestForeign_TicketsCountAsOnePermitOfNobodyKnown(t *testing.T) {
	stories := map[string]string{}
	for says, k := range foreignKeys {
		stories[says] = strings.NewReplacer("KEY", "semaphore/pool/"+k.key, "VALUE", k.value).Replace(`
			b close -> true
			- init i1 2 -> true
			- put KEY VALUE
			- get -> 1/2 foreign:1
			a acquire r1 2 0s -> refused, 1
			a@2 acquire r2 1 -> acquired
			a release u1 2 -> not held
			c acquire r3 1 &
			- get -> 0/2 foreign:1 a:1 | c:1
			- reduce c1 2 -> ok
			- put KEY VALUE
			- get -> -2/0 foreign:1 a:1 | c:1
			c drain d1 -> -2
			- del KEY
			c await r3 -> acquired
			- put KEY VALUE
			d acquire r4 1 &
			- get -> 0/2 a:1 c:1 | foreign:1 d:1
			a release u2 1 -> 1
			- get -> 0/2 c:1 foreign:1 | d:1
			- put KEY VALUE lease=e
			e close -> true
			d await r4 -> acquired
			- put KEY VALUE
			-@2 destroy -> true
			- get -> none`)
	}
	tell(t, stories)
}

// "What they damage is named, never a crash."
func TestForeign_WhatIsDamagedIsNamed(t *testing.T) {
	tell(t, map[string]string{
		"the record": `
			- init i1 2 -> true
			a acquire r1 1 -> acquired
			b acquire r2 2 &
			- put semaphore/pool broken
			- get -> damaged semaphore/pool
			- init i2 3 -> damaged semaphore/pool
			a acquire r3 1 0s -> damaged semaphore/pool
			a@2 acquire r4 1 -> damaged semaphore/pool
			a release u1 1 -> damaged semaphore/pool
			a release ticket=r1 -> damaged semaphore/pool
			a drain d1 -> damaged semaphore/pool
			- increase c1 1 -> damaged semaphore/pool
			-@2 reduce c2 1 -> damaged semaphore/pool
			- list -> pool 0/0 0|2
			b cancel r2 -> true
			b await r2 -> wait cancelled
			-@2 destroy -> true
			- init i3 1 -> true
			a acquire r5 1 -> acquired
			- get -> 0/1 a:1`,
		"the record, without sessions": `
			- init i1 1 sessionless -> true
			- acquire r1 2 &
			- put semaphore/pool {"permits":2147483648,"sessionless":true}
			- acquire r2 1 0s -> damaged semaphore/pool
			-@2 release u1 1 -> damaged semaphore/pool
			- drain d1 -> damaged semaphore/pool
			- put semaphore/pool {"permits":2,"sessionless":true,"request":"i1"}
			- await r1 -> acquired
			- get -> 0 sessionless`,
		"the record, mended: who held holds": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			b acquire r2 2 &
			- put semaphore/pool broken
			- get -> damaged semaphore/pool
			- put semaphore/pool {"permits":3,"request":"i1"}
			- get -> 1/3 a:2 | b:2
			a release u1 1 -> 1
			b await r2 -> acquired`,
		"the record, deleted: all wait until it is initialized anew": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			b acquire r2 2 &
			- del semaphore/pool
			- get -> none | a:2 b:2
			a release u1 1 -> not held
			- init i2 4 -> true
			b await r2 -> acquired
			- get -> 0/4 a:2 b:2`,
		"a waiting ticket written over": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			- put semaphore/pool/$b.r2 '' lease=b
			b await r2 -> damaged semaphore/pool/$b.r2
			b acquire r2 1 attempt=1 -> damaged semaphore/pool/$b.r2
			b@2 release ticket=r2 -> damaged semaphore/pool/$b.r2
			b cancel r2 -> false
			- get -> 0/1 a:1 | foreign:1
			- del semaphore/pool/$b.r2
			b acquire r3 1 &
			a release u1 1 -> 1
			b await r3 -> acquired`,
		"a waiting ticket put again without its lease": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			- put semaphore/pool/$b.r2 {"permits":3,"by":"x.1"}
			b await r2 -> damaged semaphore/pool/$b.r2
			b close -> true
			- get -> 0/1 a:1 | foreign:1
			- del semaphore/pool/$b.r2`,
		"a waiting ticket put again, for nobody here": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			- put semaphore/pool/$b.r2 {"permits":1,"by":"x.1"} lease=b
			b await r2 -> wait cancelled
			b@2 acquire r2 1 & attempt=1
			a release u1 1 -> 1
			b await r2 -> acquired`,
		"a waiting ticket deleted": `
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			c acquire r3 1 &
			- del semaphore/pool/$b.r2
			b await r2 -> unavailable
			b acquire r2 1 & attempt=1
			- get -> 0/1 a:1 | c:1 b:1`,
		"a waiting ticket deleted, without a session": `
			- init i1 0 sessionless -> true
			- acquire r1 1 &
			- acquire r2 1 &
			- del semaphore/pool/-.r1
			- await r1 -> unavailable
			- acquire r1 1 & attempt=1
			- release u1 1 -> 1
			- await r2 -> acquired`,
		"a waiting ticket without a session, written over": `
			- init i1 0 sessionless -> true
			- acquire r1 1 &
			- put semaphore/pool/-.r1 ''
			- await r1 -> damaged semaphore/pool/-.r1
			-@2 acquire r1 1 attempt=1 -> damaged semaphore/pool/-.r1
			- acquire r2 1 &
			- release u1 1 -> 1
			- get -> 1 sessionless | foreign:1 -:1
			- del semaphore/pool/-.r1
			- await r2 -> acquired`,
		"a ticket that holds, written over": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			- put semaphore/pool/$a.r1 {} lease=a
			- get -> 2/3 foreign:1
			a release u1 1 -> not held
			a release ticket=r1 -> damaged semaphore/pool/$a.r1
			a@2 acquire r1 2 attempt=1 -> damaged semaphore/pool/$a.r1
			a drain r1 -> damaged semaphore/pool/$a.r1
			a close -> true
			- get -> 3/3`,
		"a ticket that holds, deleted": `
			- init i1 3 -> true
			a acquire r1 2 -> acquired
			b acquire r2 3 &
			- del semaphore/pool/$a.r1
			b await r2 -> acquired
			a release u1 1 -> not held
			a release ticket=r1 -> already released`,
		"memos that nobody can read still say that the request is over": `
			- init i1 3 -> true
			a close -> true
			b acquire r1 1 -> acquired
			- put memo/$b/semaphore/pool/r2 broken lease=b
			b acquire r2 1 -> refused, 2
			- put memo/$b/x broken lease=b
			- put memo/$b/semaphore/pool/d1 broken lease=b
			b drain d1 -> 0
			b release u1 1 -> 1
			- get -> 3/3`,
		"keys beside": `
			- put semaphore broken
			- put semaphore/ broken
			- put semaphore// broken
			- put semaphore//x broken
			- put memo/-/semaphore/ broken
			- put memo/-/x broken
			- init i1 1 -> true
			a acquire r1 1 -> acquired
			b acquire r2 1 &
			- list -> pool 0/1 1|1
			a release u1 1 -> 1
			b await r2 -> acquired
			- del semaphore
			- del semaphore/
			- del semaphore//
			- del semaphore//x
			- del memo/-/semaphore/
			- del memo/-/x`,
	})
}
