//go:build cgo && gocv_specific_modules && gocv_videoio

#include "native.h"

#include <atomic>

#include <dlfcn.h>

// OpenCV opens its decoder without options of ours, and nothing hands out the
// context in which they would have to stand. So the function that opens decoders
// is found here first, in the program itself, and passes every call on to
// FFmpeg's own. Where OpenCV is linked in a way that this function is not found,
// flipmeter_stream_end tells so.

namespace {

enum class wanted { nothing, frames, keyframes };

std::atomic<wanted> stream{wanted::nothing};
std::atomic<int> decoders{0};

} // namespace

extern "C" __attribute__((visibility("default"), used)) int avcodec_open2(void *context, const void *codec, void **options) {
    typedef int (*open)(void *, const void *, void **);
    typedef int (*set)(void *, const char *, const char *, int);
    open next = reinterpret_cast<open>(dlsym(RTLD_NEXT, "avcodec_open2"));
    if (next == nullptr)
        return -1;
    const wanted want = stream;
    set option = reinterpret_cast<set>(dlsym(RTLD_DEFAULT, "av_opt_set"));
    if (want != wanted::nothing && option != nullptr) {
        // Threads that decode a frame each give every frame that many frames
        // later: with sixteen cores, half a second.
        bool heeded = option(context, "thread_type", "slice", 0) >= 0;
        if (want == wanted::keyframes)
            heeded = option(context, "skip_frame", "nokey", 0) >= 0 && heeded;
        if (heeded)
            decoders++;
    }
    return next(context, codec, options);
}

void flipmeter_stream_begin(int keyframes) {
    decoders = 0;
    stream = keyframes ? wanted::keyframes : wanted::frames;
}

int flipmeter_stream_end(void) {
    stream = wanted::nothing;
    return decoders;
}
