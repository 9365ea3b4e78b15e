//go:build cgo && gocv_specific_modules && gocv_videoio

#include "native.h"

#include <atomic>
#include <chrono>

#include <dlfcn.h>
#include <sys/resource.h>

// OpenCV opens its decoder without options of ours, and nothing hands out the
// context in which they would have to stand. So the function that opens decoders
// is found here first, in the program itself, and passes every call on to
// FFmpeg's own. Where OpenCV is linked in a way that this function is not found,
// flipmeter_stream_end tells so.

namespace {

enum class wanted { nothing, frames, keyframes };

std::atomic<wanted> stream{wanted::nothing};
std::atomic<int> decoders{0};
std::atomic<void *> decoder{nullptr}; // the last that was opened
std::atomic<long> waits{0};

// Until when the decoder leaves out everything but keyframes without having
// given one, in ms; 0: it does not leave out anything.
std::atomic<long long> patient_until{0};
std::atomic<int> lost_patience{0};

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
    const long long until = patient_until;
    if (until != 0 && now_ms() > until) {
        // What the container calls keyframes is none to the decoder. The caller
        // waits for a frame and can't say that it has enough.
        patient_until = 0;
        lost_patience++;
        set_option()(decoder, "skip_frame", "default", 0);
    }
    const long before = sleeps();
    const int result = next(context, packet);
    if (before < 0 || sleeps() != before)
        waits++;
    return result;
}

void flipmeter_stream_begin(int keyframes) {
    decoders = 0;
    decoder = nullptr;
    patient_until = 0;
    stream = keyframes ? wanted::keyframes : wanted::frames;
}

int flipmeter_stream_end(void **opened) {
    stream = wanted::nothing;
    *opened = decoder;
    return decoders;
}

int flipmeter_keyframes_only(void *opened, int patience_ms) {
    option set = set_option();
    if (opened == nullptr || opened != decoder || set == nullptr)
        return 0;
    patient_until = patience_ms > 0 ? now_ms() + patience_ms : 0;
    return set(opened, "skip_frame", patience_ms > 0 ? "nokey" : "default", 0) >= 0;
}

int flipmeter_lost_patience(void) { return lost_patience; }

long flipmeter_waits(void) { return waits; }
