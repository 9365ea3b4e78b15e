// Package pages serves the dashboard: hand-written HTML, style sheet and
// modules, embedded in the program, which ask for nothing but the API beside
// them.
package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/flipmeter/flipmeter/web/access"
)

//go:embed static
var static embed.FS

// types are those of the files; a browser must not guess.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// file is one of the dashboard's.
type file struct {
	data      []byte
	kind, tag string
}

// Handler serves the dashboard at / to whoever is a viewer. It belongs
// inside Guard.Wrap.
func Handler(guard *access.Guard) http.Handler {
	files := map[string]file{}
	entries, err := fs.ReadDir(static, "static")
	if err != nil {
		panic("BUG: the embedded dashboard can't be read: " + err.Error())
	}
	for _, e := range entries {
		data, err := fs.ReadFile(static, "static/"+e.Name())
		if err != nil {
			panic("BUG: the embedded dashboard can't be read: " + err.Error())
		}
		sum := sha256.Sum256(data)
		f := file{data, types[path.Ext(e.Name())], `"` + hex.EncodeToString(sum[:8]) + `"`}
		files["/"+e.Name()] = f
		if e.Name() == "index.html" {
			files["/"] = f
		}
	}
	return guard.Require(access.Viewer, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := files[r.URL.Path]
		switch {
		case !ok:
			access.Problem(w, http.StatusNotFound, "there is no such page")
			return
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			access.Problem(w, http.StatusMethodNotAllowed, "pages are only read")
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.kind)
		h.Set("ETag", f.tag)
		// Asked for anew at each load, so that page and server never are of
		// two versions; what has not changed is not sent again.
		h.Set("Cache-Control", "no-cache")
		if strings.Contains(r.Header.Get("If-None-Match"), f.tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if r.Method == http.MethodGet {
			_, _ = w.Write(f.data) // who left does not want it
		}
	}))
}
