package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// guarded starts a node with access control, whose users are root and alice; the password of each is "word".
func guarded(t *testing.T) *port {
	t.Helper()
	p := open(t)
	c := p.etcd()
	for _, user := range []string{"root", "alice"} {
		if _, err := c.UserAdd(t.Context(), user, "word"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.UserGrantRole(t.Context(), "root", "root"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AuthEnable(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// A login takes a user and password in its body or, as curl -u sends them, in its head; the token comes back in Bearer's.
func TestLogin_OverHTTP(t *testing.T) {
	p := guarded(t)
	cases := map[string]struct {
		head, body string
		code       int
		want       string
	}{
		"in the body":         {"", `{"user":"alice","password":"word"}`, http.StatusOK, `"token":"`},
		"in the head":         {"Basic YWxpY2U6d29yZA==", "", http.StatusOK, `"token":"`},
		"in small letters":    {"basic YWxpY2U6d29yZA==", "", http.StatusOK, `"token":"`},
		"body before head":    {"Basic bm9ib2R5Og==", `{"user":"alice","password":"word"}`, http.StatusOK, `"token":"`},
		"a wrong password":    {"", `{"user":"alice","password":"wrong"}`, http.StatusUnauthorized, "UNAUTHENTICATED"},
		"an unknown user":     {"", `{"user":"bob","password":"word"}`, http.StatusUnauthorized, "UNAUTHENTICATED"},
		"a head of another":   {"Bearer YWxpY2U6d29yZA==", "", http.StatusUnauthorized, "not Basic"},
		"a broken head":       {"Basic !", "", http.StatusUnauthorized, "not Basic"},
		"a head without user": {"Basic OndvcmQ=", "", http.StatusUnauthorized, "not Basic"},
		"nothing":             {"", "", http.StatusBadRequest, "INVALID_ARGUMENT"},
	}
	for name, c := range cases {
		a := p.post("/v1/auth/login", c.body, "Authorization", c.head)
		if a.code != c.code || !strings.Contains(a.body, c.want) {
			t.Errorf("%s: %d %s", name, a.code, a.body)
		}
		if asks := a.header.Get("WWW-Authenticate"); (asks == "Bearer") != (c.code == http.StatusUnauthorized) {
			t.Errorf("%s: asks for %q", name, asks)
		}
	}
	a := p.post("/v1/auth/login", "", "Authorization", "Basic YWxpY2U6d29yZA==")
	if a := p.post("/v1/sessions", "", "Authorization", "Bearer "+a.field("token")); a.code != http.StatusOK {
		t.Errorf("with the token: %d %s", a.code, a.body)
	}
}

// An unknown user is told just what a wrong password is told.
func TestLogin_TellsNotWhoIsThere(t *testing.T) {
	p := guarded(t)
	wrong := p.post("/v1/auth/login", `{"user":"alice","password":"wrong"}`)
	unknown := p.post("/v1/auth/login", `{"user":"bob","password":"word"}`)
	if wrong.body != unknown.body {
		t.Errorf("%s\n%s", wrong.body, unknown.body)
	}
}

// etcd's own API is governed by the same tokens.
func TestLogin_IsGoodForEtcdsAPI(t *testing.T) {
	p := guarded(t)
	token := p.post("/v1/auth/login", `{"user":"root","password":"word"}`).field("token")
	get := `{"key":"Y3Av"}`
	if a := p.post("/v3/kv/range", get, "Authorization", token); a.code != http.StatusOK || !json.Valid([]byte(a.body)) {
		t.Errorf("%d %s", a.code, a.body)
	}
	if a := p.post("/v3/kv/range", get); a.code == http.StatusOK {
		t.Errorf("nobody reads %s", a.body)
	}
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{p.node.Addr()}, Username: "alice", Password: "word"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.Put(t.Context(), "cp/a", ""); err == nil {
		t.Error("alice writes what she may not")
	}
}
