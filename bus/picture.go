package bus

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// nuidLength is how long the unique ids of object stores are.
const nuidLength = 22

// pictureFile makes the two messages that store a picture as a file of
// PictureBucket, in the format of NATS object stores (ADR-20): its bytes, as
// one chunk, and what is known of it. Both are sent like any stored message,
// under ids of their own, so that a resend changes nothing. The bucket's own
// Put would wait for each, cannot be resent half-way, and in nats.go 1.55
// now and then leaves a goroutine behind.
func pictureFile(name string, file []byte) (chunk, info *message) {
	sum := sha256.New()
	sum.Write(file)
	nameSum := sha256.Sum256([]byte(name))
	nuid := hex.EncodeToString(nameSum[:])[:nuidLength]
	about, err := json.Marshal(jetstream.ObjectInfo{
		ObjectMeta: jetstream.ObjectMeta{Name: name, Headers: nats.Header{"content-type": {"image/jpeg"}}},
		Bucket:     PictureBucket, NUID: nuid, Size: uint64(len(file)), Chunks: 1,
		Digest: jetstream.GetObjectDigestValue(sum),
	})
	if err != nil {
		panic(fmt.Sprintf("BUG: encoding what is known of a picture: %v", err))
	}
	header := func(id string) nats.Header {
		// Rollup replaces what the subject held before.
		return nats.Header{jetstream.MsgRollup: {jetstream.MsgRollupSubject}, nats.MsgIdHdr: {id}}
	}
	chunk = &message{route: routePicture, subject: "$O." + PictureBucket + ".C." + nuid, header: header(name + ":chunk"), data: file}
	info = &message{
		route: routePicture, subject: "$O." + PictureBucket + ".M." + base64.URLEncoding.EncodeToString([]byte(name)),
		header: header(name + ":info"), data: about,
	}
	return chunk, info
}
