package natstest

import (
	"context"
	"net"
	"strconv"
	"time"
)

// awaitPort waits until a loopback port is free that a server had before: a
// connection of somebody else may have come by it meanwhile, which passes. That
// it is not is for the server to say.
func awaitPort(port int) {
	if port <= 0 {
		return
	}
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(startTimeout / 100) {
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = l.Close()
			return
		}
	}
}
