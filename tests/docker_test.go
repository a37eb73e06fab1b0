package tests_test

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// engine is a Docker engine on which one compose project runs.
type engine struct {
	*testing.T
	compose []string // the command, with the project
	env     []string
}

// dockerEngine finds an engine that runs containers on this machine, and compose of either generation.
func dockerEngine(t *testing.T, project string) *engine {
	t.Helper()
	e := &engine{T: t, env: append(os.Environ(), "DOCKER_BUILDKIT=0", "CPGATE_IMAGE="+project, "COMPOSE_PROJECT_NAME="+project)}
	if runtime.GOOS != "linux" {
		t.Skip("the networks of containers are elsewhere on this system")
	}
	if _, err := e.try(soon, "docker", "info"); err != nil {
		t.Skipf("there is no Docker engine: %v", err)
	}
	for _, c := range []string{"docker compose", "docker-compose"} {
		if _, err := e.try(soon, append(strings.Fields(c), "version")...); err == nil {
			e.compose = append(strings.Fields(c), "-f", "../docker-compose.yml")
			return e
		}
	}
	t.Skip("there is a Docker engine, but no docker compose")
	return nil
}

// try runs a command and returns what it said, without the spaces around it.
func (e *engine) try(limit time.Duration, command ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Env, c.WaitDelay = e.env, time.Second
	out, err := c.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// run runs a command that must succeed.
func (e *engine) run(command ...string) string {
	e.Helper()
	const patience = 10 * time.Minute // for a build of everything on a busy machine
	said, err := e.try(patience, command...)
	if err != nil {
		e.Fatalf("%s: %v: %s", strings.Join(command, " "), err, said)
	}
	return said
}

func (e *engine) docker(args ...string) string {
	e.Helper()
	return e.run(append([]string{"docker"}, args...)...)
}

func (e *engine) composes(args ...string) string {
	e.Helper()
	return e.run(append(e.compose, args...)...)
}

// container is the id of the container of a service.
func (e *engine) container(service string) string {
	e.Helper()
	return e.composes("ps", "-q", service)
}

// awaitHealth waits until the engine says that of a service.
func (e *engine) awaitHealth(service, want string) {
	e.Helper()
	id := e.container(service)
	for end := time.Now().Add(2 * soon); ; time.Sleep(100 * time.Millisecond) {
		is := e.docker("inspect", "-f", "{{.State.Health.Status}}", id)
		if is == want {
			return
		}
		if time.Now().After(end) {
			e.Fatalf("%s is %s: %s", service, is, e.docker("logs", id))
		}
	}
}

// build builds the image. Where the official Go image can't be had, one made of this machine's Go stands in for it,
// and the Dockerfile is none the wiser.
func (e *engine) build(tag string) {
	e.Helper()
	const base = "golang:1.26"
	if _, err := e.try(soon, "docker", "image", "inspect", base); err != nil {
		if _, err := e.try(soon, "docker", "pull", "-q", base); err != nil {
			e.importGo(base)
			e.Cleanup(func() { e.docker("rmi", base) })
		}
	}
	args := []string{"build", "-q", "--network", "host", "-t", tag}
	for _, v := range []string{"GOPROXY", "GOSUMDB"} {
		args = append(args, "--build-arg", v+"="+e.run("go", "env", v))
	}
	e.docker(append(args, "..")...)
	e.Cleanup(func() { e.docker("rmi", tag) })
}

// importGo makes an image of what the Dockerfile uses of the official one: Go, a shell, and the certificates with which
// to download modules.
func (e *engine) importGo(tag string) {
	e.Helper()
	const script = `set -e
root=$(go env GOROOT)
programs="/bin/sh /bin/mkdir"
{ for p in $programs; do echo "$p"; ldd "$p" | grep -o '/[^ ]*'; done
  for f in bin src pkg lib go.env VERSION; do if test -e "$root/$f"; then echo "$root/$f"; fi; done
  echo /etc/ssl/certs/ca-certificates.crt
} | sort -u | tar -cPh --hard-dereference -T - |
docker import -c "ENV PATH=$root/bin:/bin GOTOOLCHAIN=local TMPDIR=/" - "$1"`
	e.run("bash", "-o", "pipefail", "-c", script, "import", tag)
}
