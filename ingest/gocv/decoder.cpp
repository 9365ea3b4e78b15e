//go:build cgo && gocv_specific_modules && gocv_videoio

#include "native.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>

#include <dlfcn.h>
#include <sys/resource.h>

// OpenCV opens its decoder without options of ours, and nothing hands out the
// context in which they would have to stand. So the functions that open decoders,
// read packets and decode them are found here first, in the program itself, and
// pass calls on to FFmpeg's own. Where OpenCV is linked in a way that these are not
// found, flipmeter_stream_end tells so.

namespace {

enum class wanted { nothing, frames, keyframes };

std::atomic<wanted> stream{wanted::nothing};
std::atomic<int> decoders{0};
std::atomic<void *> decoder{nullptr}; // the last that was opened
std::atomic<bool> h264{false};
std::atomic<long> waits{0}, keys{0};

// Until when packets are left out up to a keyframe, in ms; 0: none is.
std::atomic<long long> skipping_until{0};
std::atomic<int> jumps{0}, lost_patience{0};

// The begin of FFmpeg's AVPacket, which has been the same since its version 2.
struct packet_head {
    void *buf;
    int64_t pts, dts;
    uint8_t *data;
    int size, stream_index, flags;
};
const int packet_is_key = 1;

typedef int (*option)(void *, const char *, const char *, int);

// How often this thread has given up its processor so far because it had to wait
// for something, and not because it was another's turn.
long sleeps() {
#ifdef RUSAGE_THREAD
    rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nvcsw : -1;
#else
    return -1;
#endif
}

bool is_key(const packet_head *p) {
    return (p->flags & packet_is_key) != 0 && (!h264 || flipmeter_refreshes_all(p->data, p->size));
}

long long now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

option set_option() { return reinterpret_cast<option>(dlsym(RTLD_DEFAULT, "av_opt_set")); }

} // namespace

extern "C" __attribute__((visibility("default"), used)) int avcodec_open2(void *context, const void *codec, void **options) {
    typedef int (*open)(void *, const void *, void **);
    open next = reinterpret_cast<open>(dlsym(RTLD_NEXT, "avcodec_open2"));
    if (next == nullptr)
        return -1;
    // One that lies where the last one lay before it was closed is another.
    if (context == decoder)
        decoder = nullptr;
    const wanted want = stream;
    option set = set_option();
    if (want != wanted::nothing && set != nullptr) {
        // Threads that decode a frame each give every frame that many frames
        // later: with sixteen cores, half a second.
        bool heeded = set(context, "thread_type", "slice", 0) >= 0;
        if (want == wanted::keyframes)
            heeded = set(context, "skip_frame", "nokey", 0) >= 0 && heeded;
        if (heeded) {
            decoders++;
            decoder = context;
            // An AVCodec begins with its name.
            h264 = codec != nullptr && std::strncmp(*static_cast<const char *const *>(codec), "h264", 4) == 0;
        }
    }
    return next(context, codec, options);
}

// Whether reading had to wait for packets tells whether decoding keeps up with a
// stream, which its times alone do not: a camera's clock may run as it likes.
// How long a read took does not tell it, either: others may have had the
// processor meanwhile.
extern "C" __attribute__((visibility("default"), used)) int av_read_frame(void *context, void *packet) {
    typedef int (*read)(void *, void *);
    static const read next = reinterpret_cast<read>(dlsym(RTLD_NEXT, "av_read_frame"));
    if (next == nullptr)
        return -1;
    const long before = sleeps();
    const int result = next(context, packet);
    if (before < 0 || sleeps() != before)
        waits++;
    return result;
}

// Packets are left out here, and the decoder begins anew with a keyframe. Left to
// itself, to decode nothing but keyframes and then all again, it would give
// pictures behind one that build on some before it.
extern "C" __attribute__((visibility("default"), used)) int avcodec_send_packet(void *context, const void *packet) {
    typedef int (*send)(void *, const void *);
    typedef void (*flush)(void *);
    static const send next = reinterpret_cast<send>(dlsym(RTLD_NEXT, "avcodec_send_packet"));
    static const flush begin_anew = reinterpret_cast<flush>(dlsym(RTLD_DEFAULT, "avcodec_flush_buffers"));
    if (next == nullptr)
        return -1;
    if (packet == nullptr || context != decoder)
        return next(context, packet);
    const bool key = is_key(static_cast<const packet_head *>(packet));
    if (key)
        keys++;
    const long long until = skipping_until;
    if (until != 0) {
        if (!key && now_ms() <= until)
            return 0; // as if it had been taken
        if (!key)
            lost_patience++;
        jumps++;
        skipping_until = 0;
        begin_anew(context);
    }
    return next(context, packet);
}

void flipmeter_stream_begin(int keyframes) {
    decoders = 0;
    decoder = nullptr;
    skipping_until = 0;
    stream = keyframes ? wanted::keyframes : wanted::frames;
}

int flipmeter_stream_end(void **opened) {
    stream = wanted::nothing;
    *opened = decoder;
    return decoders;
}

int flipmeter_skip(void *opened, int patience_ms) {
    if (opened == nullptr || opened != decoder || dlsym(RTLD_DEFAULT, "avcodec_flush_buffers") == nullptr)
        return 0;
    skipping_until = now_ms() + patience_ms;
    return 1;
}

long flipmeter_keys(void) { return keys; }
int flipmeter_jumps(void) { return jumps; }
int flipmeter_lost_patience(void) { return lost_patience; }

long flipmeter_waits(void) { return waits; }

int flipmeter_refreshes_all(const unsigned char *data, int size) {
    const int idr = 5, mask = 31;
    bool codes = size > 3 && data[0] == 0 && data[1] == 0 && (data[2] == 1 || (data[2] == 0 && data[3] == 1));
    if (codes) {
        for (int i = 0; i + 3 < size; i++)
            if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1 && (data[i + 3] & mask) == idr)
                return 1;
        return 0;
    }
    for (int64_t i = 0; i + 4 < size;) {
        if ((data[i + 4] & mask) == idr)
            return 1;
        i += 4 + (int64_t(data[i]) << 24 | data[i + 1] << 16 | data[i + 2] << 8 | data[i + 3]);
    }
    return 0;
}
