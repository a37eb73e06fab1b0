package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestPages_Answer(t *testing.T) {
	p := open(t)
	for path, want := range map[string]string{
		"/": "/openapi.json", "/livez": "ok\n", "/readyz": "ok\n", "/health": `"health":"true"`,
		"/version": `"etcdserver":"3.7.3"`, "/metrics": "cpgate_calls_running", "/openapi.json": `"swagger"`,
	} {
		if a := p.get(path); a.code != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %.200s", path, a.code, a.body)
		}
	}
	var doc struct{ Paths map[string]any }
	if err := json.Unmarshal([]byte(p.get("/openapi.json").body), &doc); err != nil ||
		doc.Paths["/v1/locks/{name}:lock"] == nil || doc.Paths["/v1/semaphores/{name}:acquire"] == nil {
		t.Errorf("openapi: %v %v", err, doc)
	}
	if a := p.get("/metrics"); !strings.Contains(a.body, "etcd_server_has_leader") {
		t.Error("etcd's metrics are missing")
	}
}

func TestHTTP_RefusesWhatItDoesNotServe(t *testing.T) {
	p := open(t)
	cases := []struct {
		method, path string
		code         int
	}{
		{http.MethodGet, "/nope", http.StatusNotFound},
		{http.MethodGet, "/v1", http.StatusNotFound},
		{http.MethodGet, "/v1/", http.StatusNotFound},
		{http.MethodGet, "/v1/locks/a/b", http.StatusNotFound},
		{http.MethodPost, "/v1/sessions/1a:nope", http.StatusMethodNotAllowed},
		{http.MethodPut, "/v1/locks/a", http.StatusMethodNotAllowed},
		{http.MethodPost, "/v1/locks", http.StatusMethodNotAllowed},
		{http.MethodDelete, "/v1/locks/a", http.StatusMethodNotAllowed},
		{http.MethodPost, "/v1/semaphores/a:lock", http.StatusMethodNotAllowed},
		{http.MethodDelete, "/v1/semaphores/a/b", http.StatusNotFound},
		{http.MethodPost, "/v1/latches/a", http.StatusMethodNotAllowed},
		{http.MethodGet, "/v1/latches/a:await", http.StatusOK}, // a latch of that name
		{http.MethodPost, "/metrics", http.StatusMethodNotAllowed},
		{http.MethodGet, "/v1/../v1/locks", http.StatusNotFound},
	}
	for _, c := range cases {
		a := p.send(http.DefaultClient, c.method, c.path, nil)
		if a.code != c.code || !json.Valid([]byte(a.body)) || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.code, a.body)
		}
	}
}

func TestHTTP_RefusesAPageFromElsewhere(t *testing.T) {
	p := open(t)
	if a := p.post("/v1/sessions", "", "Origin", "http://example.com"); a.code != http.StatusForbidden {
		t.Errorf("a write: %+v", a)
	}
	a := p.send(http.DefaultClient, http.MethodGet, "/v3/watch", nil,
		"Origin", "http://example.com", "Connection", "Upgrade", "Upgrade", "websocket")
	if a.code != http.StatusForbidden {
		t.Errorf("a WebSocket: %+v", a)
	}
	if a := p.post("/v1/sessions", "", "Origin", "http://"+p.node.Addr()); a.code != http.StatusOK {
		t.Errorf("our own page: %+v", a)
	}
}

func TestREST_RefusesLargeBodiesAndGoesOn(t *testing.T) {
	p := open(t)
	for _, c := range []*http.Client{http.DefaultClient, overHTTP2(t)} {
		for _, size := range []int64{1<<20 + 1, 10 << 20} {
			body := io.LimitReader(zeros{}, size)
			a := p.send(c, http.MethodPost, "/v1/sessions", body)
			if a.code != http.StatusRequestEntityTooLarge || !json.Valid([]byte(a.body)) {
				t.Errorf("%d bytes: %+v", size, a)
			}
		}
		if a := p.send(c, http.MethodPost, "/v1/sessions", nil); a.code != http.StatusOK {
			t.Errorf("afterwards: %+v", a)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestREST_NamesTheFieldThatCantBeRead(t *testing.T) {
	p := open(t)
	cases := []struct{ path, body, field string }{
		{"/v1/sessions", `{"ttl_seconds":"soon"}`, "ttl_seconds"},
		{"/v1/sessions", `{"ttlSeconds":{}}`, "ttl_seconds"},
		{"/v1/sessions", `{"ttl_seconds":2147483648}`, "ttl_seconds"},
		{"/v1/sessions", `{"ttl_seconds":2.5}`, "ttl_seconds"},
		{"/v1/sessions", `{"name":1}`, "name"},
		{"/v1/sessions", "{\"name\":\"\xff\"}", "name"},
		{"/v1/sessions", `{"request_id":[]}`, "request_id"},
		{"/v1/sessions", `{"ttl":1}`, "ttl"},
		{"/v1/sessions:batchHeartbeat", `{"session_ids":"1a"}`, "session_ids"},
		{"/v1/sessions:batchHeartbeat", `{"session_ids":[1]}`, "session_ids"},
		{"/v1/locks/a:lock", `{"timeout":"soon"}`, "timeout"},
		{"/v1/locks/a:lock", `{"timeout":5}`, "timeout"},
		{"/v1/locks/a:lock", `{"timeout":"9999999999999s"}`, "timeout"},
		{"/v1/locks/a:lock", `{"owner":{}}`, "owner"},
		{"/v1/locks/a:lock", `{"attempt":"x"}`, "attempt"},
		{"/v1/locks/a:unlock", `{"fence":"x"}`, "fence"},
		{"/v1/locks/a:unlock", `{"fence":9223372036854775808}`, "fence"},
		{"/v1/locks/a:forceUnlock", `{"force":true}`, "force"},
		{"/v1/semaphores/a:init", `{"permits":2147483648}`, "permits"},
		{"/v1/semaphores/a:init", `{"sessionless":"yes"}`, "sessionless"},
		{"/v1/semaphores/a:acquire", `{"permits":1.5}`, "permits"},
		{"/v1/semaphores/a:acquire", `{"permits":-2147483649}`, "permits"},
		{"/v1/semaphores/a:acquire", `{"timeout":1}`, "timeout"},
		{"/v1/semaphores/a:release", `{"ticketId":1}`, "ticket_id"},
		{"/v1/semaphores/a:reduce", `{"by":1}`, "by"},
		{"/v1/semaphores/:drain", ``, "name"},
		{"/v1/latches/a:trySetCount", `{"count":"many"}`, "count"},
		{"/v1/latches/a:countDown", `{"round":-9223372036854775809}`, "round"},
		{"/v1/latches/:await", ``, "name"},
	}
	for _, c := range cases {
		a := p.post(c.path, c.body)
		if a.code != http.StatusBadRequest || !strings.Contains(a.body, `"metadata":{"field":"`+c.field+`"}`) {
			t.Errorf("%s %s: %d %s", c.path, c.body, a.code, a.body)
		}
	}
}

func TestREST_RefusesWhatIsNoMessage(t *testing.T) {
	p := open(t)
	for _, body := range []string{`{`, `null`, `[]`, `"x"`, `{}{}`, `{"owner":"a","owner":"b"}`, "\x00", "name=a"} {
		a := p.post("/v1/locks/a:lock", body)
		if a.code != http.StatusBadRequest || !strings.Contains(a.body, `"reason":"INVALID_ARGUMENT"`) {
			t.Errorf("%s: %d %s", body, a.code, a.body)
		}
	}
	for _, body := range []string{"", " \n", "{}"} {
		if a := p.post("/v1/locks/a:lock", body); !strings.Contains(a.body, `"metadata":{"field":"session_id"}`) {
			t.Errorf("%q: %d %s", body, a.code, a.body)
		}
	}
}

func TestREST_RefusesQueriesThatNobodyReads(t *testing.T) {
	p := open(t)
	for path, field := range map[string]string{
		"/v1/locks?pagesize=1":               "pagesize",
		"/v1/locks?page_size=x":              "page_size",
		"/v1/locks?page_size=1&page_size=2":  "page_size",
		"/v1/locks?page_size=1001":           "page_size",
		"/v1/sessions?page_size=-1":          "page_size",
		"/v1/sessions?page_token=x":          "page_token",
		"/v1/locks?page_token=c2Vzc2lvbjo":   "page_token", // one of another list
		"/v1/semaphores?page_token=bG9jazph": "page_token",
		"/v1/latches?name=a":                 "name",
		"/v1/semaphores/a?permits=1":         "permits",
	} {
		a := p.get(path)
		if a.code != http.StatusBadRequest || !strings.Contains(a.body, `"metadata":{"field":"`+field+`"}`) {
			t.Errorf("%s: %d %s", path, a.code, a.body)
		}
	}
	if a := p.post("/v1/locks/a:lock?timeout=0s", "{}"); a.code != http.StatusBadRequest {
		t.Errorf("a query on a POST: %+v", a)
	}
}

func TestLists_ArePaged(t *testing.T) {
	p := open(t)
	for range 3 {
		p.post("/v1/sessions", "")
	}
	seen, token := 0, ""
	for {
		a := p.get("/v1/sessions?page_size=2&page_token=" + token)
		seen += strings.Count(a.body, `"session_id"`)
		if token = a.field("next_page_token"); token == "" {
			break
		}
	}
	if seen != 3 {
		t.Errorf("saw %d sessions", seen)
	}
}
