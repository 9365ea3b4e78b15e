package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/flipmeter/flipmeter/infer/zoo"
	"github.com/flipmeter/flipmeter/infer/zoo/checkpoint"
	"github.com/rogpeppe/go-internal/testscript"
)

// startHub serves made-up weights of a network where Hugging Face would serve
// the real ones, and announces their hash as it does: "hub
// efficientnet-lite0". Its address is then in $HUB, the hash in $HASH. It
// works as a proxy, too: whatever host is asked for, it answers.
func startHub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hub network")
	}
	a, err := zoo.Find(args[0])
	ts.Check(err)
	var values []checkpoint.Values
	for _, p := range a.Parameters() {
		values = append(values, checkpoint.Values{Name: p.Name, Shape: p.Shape,
			Stream: func(fn func([]float32) error) error { return zoo.RandomWeights{Seed: 1}.Stream(&p, fn) }})
	}
	var b bytes.Buffer
	ts.Check(checkpoint.WriteSafetensors(&b, values, nil))
	sum := sha256.Sum256(b.Bytes())
	hash := hex.EncodeToString(sum[:])
	path := "/" + a.Published.Repo + "/resolve/main/" + a.Published.File
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case path:
			w.Header().Set("X-Linked-ETag", `"`+hash+`"`)
			http.Redirect(w, r, "/blob?X-Signature=s3cret", http.StatusFound)
		case "/blob":
			w.Header().Set("ETag", `"`+hash+`"`)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b.Bytes()))
		default:
			http.NotFound(w, r)
		}
	}))
	ts.Defer(srv.Close)
	ts.Setenv("HUB", srv.URL)
	ts.Setenv("HASH", hash)
}
